-- DuckDB views over a claudecodex trace: one for each record type.
--
--     set variable trace = 'logs/*.jsonl*';
--     .read docs/views.sql
--
-- Plain and gzip files may be mixed. Torn lines are skipped. Columns are stated, not guessed, so a view works on a file that
-- has no record of its type, and on files of later versions with more fields.

create or replace view trace_meta as
select ts, seq, format, program, version, pid, host_id, backend, record, redact, started, repaired_bytes
from read_json(getvariable('trace'), format = 'newline_delimited', ignore_errors = true, maximum_object_size = 268435456,
  columns = {type: 'varchar', ts: 'timestamp', seq: 'bigint', format: 'varchar', program: 'varchar', version: 'varchar',
    pid: 'bigint', host_id: 'varchar', backend: 'varchar', record: 'varchar', redact: 'varchar', started: 'timestamp',
    repaired_bytes: 'bigint'})
where type = 'meta';

create or replace view trace_request as
select * exclude (type)
from read_json(getvariable('trace'), format = 'newline_delimited', ignore_errors = true, maximum_object_size = 268435456,
  columns = {type: 'varchar', ts: 'timestamp', seq: 'bigint', id: 'varchar', session: 'varchar', agent: 'varchar',
    parent_agent: 'varchar', kind: 'varchar', trace_id: 'varchar', method: 'varchar', path: 'varchar', query: 'varchar',
    headers: 'struct(name varchar, value varchar)[]', client: 'struct(name varchar, version varchar, entrypoint varchar)',
    model: 'varchar', stream: 'boolean', max_tokens: 'bigint', messages: 'bigint', tools: 'bigint', images: 'bigint',
    body_bytes: 'bigint', body_sha256: 'varchar', redacted: 'bigint', retry_of: 'varchar', delta: 'json',
    body_encoding: 'varchar', body_dropped: 'varchar', body: 'json'})
where type = 'request';

create or replace view trace_translation as
select * exclude (type)
from read_json(getvariable('trace'), format = 'newline_delimited', ignore_errors = true, maximum_object_size = 268435456,
  columns = {type: 'varchar', ts: 'timestamp', seq: 'bigint', id: 'varchar', session: 'varchar', agent: 'varchar',
    parent_agent: 'varchar', kind: 'varchar', trace_id: 'varchar', backend: 'varchar', upstream_model: 'varchar',
    translate_us: 'double', losses: 'struct(op varchar, path varchar, why varchar, "from" varchar, "as" varchar)[]'})
where type = 'translation';

create or replace view trace_upstream as
select * exclude (type)
from read_json(getvariable('trace'), format = 'newline_delimited', ignore_errors = true, maximum_object_size = 268435456,
  columns = {type: 'varchar', ts: 'timestamp', seq: 'bigint', id: 'varchar', session: 'varchar', agent: 'varchar',
    parent_agent: 'varchar', kind: 'varchar', trace_id: 'varchar', try: 'bigint', method: 'varchar', url: 'varchar',
    headers: 'struct(name varchar, value varchar)[]', model: 'varchar', body_bytes: 'bigint', body_sha256: 'varchar',
    redacted: 'bigint', delta: 'json', body_encoding: 'varchar', body_dropped: 'varchar', body: 'json'})
where type = 'upstream';

create or replace view trace_head as
select * exclude (type)
from read_json(getvariable('trace'), format = 'newline_delimited', ignore_errors = true, maximum_object_size = 268435456,
  columns = {type: 'varchar', ts: 'timestamp', seq: 'bigint', id: 'varchar', session: 'varchar', agent: 'varchar',
    parent_agent: 'varchar', kind: 'varchar', trace_id: 'varchar', try: 'bigint', status: 'bigint',
    headers: 'struct(name varchar, value varchar)[]', request_id: 'varchar', connect_ms: 'double', tls_ms: 'double',
    reused: 'boolean', ttfb_ms: 'double'})
where type = 'head';

-- One row for each event. `t_ms` is in milliseconds since the request began; `name` is null for a body that was no stream.
create or replace view trace_event as
select ts, seq, id, session, agent, kind, side, part, encoding, place,
  cast(event ->> 0 as double) as t_ms, event ->> 1 as name, event -> 2 as data, event ->> 3 as exact
from (
  select * exclude (events), unnest(events) as event, generate_subscripts(events, 1) as place
  from read_json(getvariable('trace'), format = 'newline_delimited', ignore_errors = true, maximum_object_size = 268435456,
    columns = {type: 'varchar', ts: 'timestamp', seq: 'bigint', id: 'varchar', session: 'varchar', agent: 'varchar',
      kind: 'varchar', side: 'varchar', part: 'bigint', encoding: 'varchar', events: 'json[]'})
  where type = 'events');

create or replace view trace_tool_call as
select * exclude (type)
from read_json(getvariable('trace'), format = 'newline_delimited', ignore_errors = true, maximum_object_size = 268435456,
  columns = {type: 'varchar', ts: 'timestamp', seq: 'bigint', id: 'varchar', session: 'varchar', agent: 'varchar',
    parent_agent: 'varchar', kind: 'varchar', trace_id: 'varchar', tool_id: 'varchar', upstream_id: 'varchar',
    tool: 'varchar', index: 'bigint', input: 'json', input_bytes: 'bigint', valid: 'boolean', t_ms: 'double',
    server_side: 'boolean', model: 'varchar'})
where type = 'tool_call';

create or replace view trace_tool_result as
select * exclude (type)
from read_json(getvariable('trace'), format = 'newline_delimited', ignore_errors = true, maximum_object_size = 268435456,
  columns = {type: 'varchar', ts: 'timestamp', seq: 'bigint', id: 'varchar', session: 'varchar', agent: 'varchar',
    parent_agent: 'varchar', kind: 'varchar', trace_id: 'varchar', tool_id: 'varchar', tool: 'varchar', call: 'varchar',
    is_error: 'boolean', content_bytes: 'bigint', blocks: 'varchar[]', preview: 'varchar', gap_ms: 'double'})
where type = 'tool_result';

create or replace view trace_response as
select * exclude (type)
from read_json(getvariable('trace'), format = 'newline_delimited', ignore_errors = true, maximum_object_size = 268435456,
  columns = {type: 'varchar', ts: 'timestamp', seq: 'bigint', id: 'varchar', session: 'varchar', agent: 'varchar',
    parent_agent: 'varchar', kind: 'varchar', trace_id: 'varchar', status: 'bigint', model: 'varchar', upstream_model: 'varchar',
    backend: 'varchar', stop_reason: 'varchar',
    usage: 'struct(input_tokens bigint, cache_creation_input_tokens bigint, cache_read_input_tokens bigint, output_tokens bigint, cache_creation struct(ephemeral_5m_input_tokens bigint, ephemeral_1h_input_tokens bigint), server_tool_use struct(web_search_requests bigint), service_tier varchar, speed varchar, inference_geo varchar)',
    usage_estimated: 'boolean', cost_usd: 'double', price_source: 'varchar',
    timing: 'struct(ttft_ms double, duration_ms double, translate_us double, max_gap_ms double)',
    cache: 'struct(hit double, miss_reason varchar)', message: 'json', body_encoding: 'varchar', body: 'json', pings: 'bigint'})
where type = 'response';

create or replace view trace_replay as
select * exclude (type)
from read_json(getvariable('trace'), format = 'newline_delimited', ignore_errors = true, maximum_object_size = 268435456,
  columns = {type: 'varchar', ts: 'timestamp', seq: 'bigint', id: 'varchar', session: 'varchar', agent: 'varchar',
    parent_agent: 'varchar', kind: 'varchar', trace_id: 'varchar', action: 'varchar', rung: 'varchar', "of": 'varchar',
    fork_of: 'varchar', number: 'bigint', reused: 'boolean', note: 'varchar'})
where type = 'replay';

create or replace view trace_intercept as
select * exclude (type)
from read_json(getvariable('trace'), format = 'newline_delimited', ignore_errors = true, maximum_object_size = 268435456,
  columns = {type: 'varchar', ts: 'timestamp', seq: 'bigint', id: 'varchar', session: 'varchar', agent: 'varchar',
    parent_agent: 'varchar', kind: 'varchar', trace_id: 'varchar', "by": 'varchar', hook: 'varchar', action: 'varchar',
    path: 'varchar', before: 'varchar', after: 'varchar', error: 'varchar'})
where type = 'intercept';

create or replace view trace_check as
select * exclude (type)
from read_json(getvariable('trace'), format = 'newline_delimited', ignore_errors = true, maximum_object_size = 268435456,
  columns = {type: 'varchar', ts: 'timestamp', seq: 'bigint', id: 'varchar', session: 'varchar', agent: 'varchar',
    parent_agent: 'varchar', kind: 'varchar', trace_id: 'varchar', rule: 'varchar', message: 'varchar'})
where type = 'check';

create or replace view trace_error as
select * exclude (type)
from read_json(getvariable('trace'), format = 'newline_delimited', ignore_errors = true, maximum_object_size = 268435456,
  columns = {type: 'varchar', ts: 'timestamp', seq: 'bigint', id: 'varchar', session: 'varchar', agent: 'varchar',
    parent_agent: 'varchar', kind: 'varchar', trace_id: 'varchar', stage: 'varchar', error_type: 'varchar', message: 'varchar', status: 'bigint',
    retried: 'boolean'})
where type = 'error';

create or replace view trace_end as
select * exclude (type)
from read_json(getvariable('trace'), format = 'newline_delimited', ignore_errors = true, maximum_object_size = 268435456,
  columns = {type: 'varchar', ts: 'timestamp', seq: 'bigint', id: 'varchar', session: 'varchar', agent: 'varchar',
    parent_agent: 'varchar', kind: 'varchar', trace_id: 'varchar', outcome: 'varchar', bytes_in: 'bigint',
    bytes_out: 'bigint', dropped: 'bigint'})
where type = 'end';
