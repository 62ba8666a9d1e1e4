"""The official SDK through the proxy: what a program gets must be what the model said, in the API's own shapes."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anthropic
import pytest

import grammar
import sdk
from sdk import CLOCK, WEATHER, ask, back, body_of, post, result
from turns import Call, Turn, Usage

both_ways = pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
NESTED = {"city": "Göteborg 🌧", "days": 3, "more": {"list": [1, 2.5, None, True], "text": 'quotes " and \\ and \n'}}


@both_ways
@pytest.mark.reasoning
def test_text_and_its_numbers(lab: Any, stream: bool) -> None:
    one = lab(main=[Turn(text="Grüße aus Malmö 🌍, and more. " * 5, usage=Usage(prompt=1200, cached=200, answer=42))])
    message = ask(one.url, stream)
    assert [block.type for block in message.content] == ["text"]
    assert message.content[0].text == "Grüße aus Malmö 🌍, and more. " * 5
    assert (message.model, message.stop_reason, message.role) == (sdk.MODEL, "end_turn", "assistant")
    usage = message.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens) == (1000, 200, 42)
    one.check()


@pytest.mark.responses
@both_ways
@pytest.mark.parametrize("write", [0, 7, 1], ids=["event-writes", "7-byte-writes", "1-byte-writes"])
@pytest.mark.parametrize("piece", [0, 7, 1], ids=["whole-arguments", "7-character-arguments", "1-character-arguments"])
def test_parallel_calls_in_every_chunking(lab: Any, stream: bool, piece: int, write: int) -> None:
    calls = (Call("get_weather", NESTED), Call("get_weather", {"city": "Lund"}), Call("clock"))
    one = lab(main=[Turn(text="Looking.", calls=calls, piece=piece, write=write), Turn(text="It rains.")])
    message = ask(one.url, stream, tools=[WEATHER, CLOCK])
    said = [block for block in message.content if block.type != "thinking"]  # Responses thinks before it calls
    assert [block.type for block in said] == ["text", "tool_use", "tool_use", "tool_use"]
    uses = said[1:]
    assert [(use.name, use.input) for use in uses] == [(call.tool, call.input) for call in calls]
    assert len({use.id for use in uses}) == 3
    assert message.stop_reason == "tool_use"
    results = [result(use.id, f"answer {number}") for number, use in enumerate(uses)]
    history = [
        {"role": "user", "content": "[[main]] Go on."},
        back(message),
        {"role": "user", "content": results[::-1]},
    ]
    assert ask(one.url, stream, history, tools=[WEATHER, CLOCK]).content[0].text == "It rains."
    one.check("get_weather", "clock")


@both_ways
def test_every_message_has_an_id_of_its_own(lab: Any, stream: bool) -> None:
    """The real client takes two answers with one id for parts of the same answer, and never comes to an end."""
    one = lab(main=[Turn(text="Fine.")])
    assert len({ask(one.url, stream).id for _ in range(5)}) == 5


@both_ways
def test_interleaved_calls_are_put_in_order(lab: Any, stream: bool) -> None:
    calls = tuple(Call("get_weather", {"city": city * 9, "days": len(city)}) for city in ("Lund", "Oslo", "Bergen"))
    one = lab(main=[Turn(calls=calls, piece=3, interleave=True)])
    message = ask(one.url, stream, tools=[WEATHER])
    assert [use.input for use in message.content] == [call.input for call in calls]


@pytest.mark.parametrize("turn", [
    Turn(text="Only text."),
    Turn(thinking="First a thought. " * 4, text="Then text."),
    Turn(thinking="A thought.", text="Text.", calls=(Call("clock"), Call("get_weather", NESTED)), piece=7),
    Turn(calls=(Call("get_weather", NESTED), Call("get_weather", {"city": "Lund"})), piece=5, interleave=True),
    Turn(text="Too long", stop="length"),
], ids=["text", "thinking", "everything", "interleaved", "length"])  # fmt: skip
def test_the_stream_follows_the_grammar(lab: Any, turn: Turn) -> None:
    one = lab(main=[turn])
    status, headers, stream = post(one.url, body_of(stream=True, tools=[WEATHER, CLOCK]))
    assert status == 200 and headers["content-type"].startswith("text/event-stream")
    grammar.check(stream)


@pytest.mark.responses
@both_ways
def test_thinking_comes_first_and_can_be_sent_back(lab: Any, stream: bool) -> None:
    turn = Turn(thinking="The clock will tell.", text="One moment.", calls=(Call("clock"),))
    one = lab(main=[turn, Turn(text="Noon.")])
    thinking = {"type": "adaptive"}
    message = ask(one.url, stream, tools=[CLOCK], thinking=thinking)
    assert [block.type for block in message.content] == ["thinking", "text", "tool_use"]
    assert message.content[0].thinking == "The clock will tell." and message.content[0].signature
    told = {"role": "user", "content": [result(message.content[2].id, "12:00")]}
    history = [{"role": "user", "content": "[[main]] Go on."}, back(message), told]
    assert ask(one.url, stream, history, tools=[CLOCK], thinking=thinking).content[0].text == "Noon."
    one.check("clock")


@pytest.mark.responses
@both_ways
@pytest.mark.parametrize(("stop", "reason"), [("length", "max_tokens"), ("filter", "refusal")])
def test_stop_reasons(lab: Any, stream: bool, stop: str, reason: str) -> None:
    one = lab(main=[Turn(text="As far as it goes", stop=stop)])
    assert ask(one.url, stream).stop_reason == reason


@pytest.mark.responses
def test_events_arrive_as_they_are_made(lab: Any) -> None:
    one = lab(main=[Turn(text="one two three four five six seven eight nine ten. " * 3, pace=0.08)])
    start = time.monotonic()
    with sdk.client(one.url) as client, client.messages.stream(**body_of()) as stream:
        arrivals = [time.monotonic() - start for event in stream if event.type == "text"]
    assert arrivals[0] < arrivals[-1] / 2, "the first words came with the last"
    gaps = [later - sooner for sooner, later in zip(arrivals, arrivals[1:], strict=False)]
    assert max(gaps) < 0.6, "words were held back"


def test_a_client_that_goes_away_frees_the_service(lab: Any) -> None:
    one = lab(main=[Turn(text="word " * 400, pace=0.05)])
    with sdk.client(one.url) as client, client.messages.stream(**body_of()) as stream:
        next(iter(stream))
    assert one.service.deserted.wait(8), "the proxy went on reading for nobody"


def test_count_tokens_of_many_at_once(lab: Any) -> None:
    one = lab()
    with sdk.client(one.url) as client, ThreadPoolExecutor(25) as pool:
        texts = [[{"role": "user", "content": "word " * (10 * number)}] for number in range(1, 26)]
        counts = list(
            pool.map(lambda text: client.messages.count_tokens(model=sdk.MODEL, messages=text).input_tokens, texts)
        )
    if one.translated:
        assert counts == sorted(counts) and counts[0] < counts[-1]
        assert 200 <= counts[-1] <= 500  # 250 words
    else:
        assert counts == [4321] * 25


def test_count_tokens_counts_tools_and_not_base64(lab: Any) -> None:
    import samples

    one = lab()
    if not one.translated:
        pytest.skip("the service counts")
    picture = {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": samples.base64_text(samples.png(900, 900))},
    }
    with sdk.client(one.url) as client:

        def count(content: Any, **more: Any) -> int:
            message = {"role": "user", "content": content}
            return client.messages.count_tokens(model=sdk.MODEL, messages=[message], **more).input_tokens

        plain = count("foo")
        assert count("foo", tools=[WEATHER]) > plain + 20
        assert 700 < count([picture]) < 2500  # 33 x 33 patches of 28 pixels


def test_models_can_be_listed_and_paged(lab: Any) -> None:
    one = lab()
    if not one.translated:
        pytest.skip("the service lists")
    with sdk.client(one.url) as client:
        models = client.models.list(limit=1000).data
        paged = [model.id for model in client.models.list(limit=1)]
        assert client.models.retrieve(models[0].id).id == models[0].id
    assert models and paged == [model.id for model in models]
    assert len(set(paged)) == len(paged)
    assert any("claude" in id for id in paged)


def test_a_request_without_max_tokens_is_refused(lab: Any) -> None:
    one = lab(main=[Turn(text="never")])
    if not one.translated:
        pytest.skip("the service refuses")
    status, _, body = post(one.url, {"model": sdk.MODEL, "messages": [{"role": "user", "content": "[[main]]"}]})
    error = json.loads(body)["error"]
    assert (status, error["type"]) == (400, "invalid_request_error") and "max_tokens" in error["message"]


def test_async_client(lab: Any) -> None:
    import asyncio

    one = lab(main=[Turn(text="At the same time.")])

    async def all_at_once() -> list[str]:
        async with anthropic.AsyncAnthropic(
            base_url=one.url, api_key=sdk.KEY, max_retries=0, timeout=sdk.LIMIT
        ) as client:

            async def one_turn() -> str:
                async with client.messages.stream(**body_of()) as stream:
                    return (await stream.get_final_message()).content[0].text

            return await asyncio.gather(*(one_turn() for _ in range(20)))

    assert asyncio.run(all_at_once()) == ["At the same time."] * 20
    one.check()
