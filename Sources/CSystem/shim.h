/// The one C module: libcurl, zlib, epoll, and wrappers for what Swift cannot call (variadic functions, macros).
#ifndef CLAUDECODEX_CSYSTEM_SHIM_H
#define CLAUDECODEX_CSYSTEM_SHIM_H

#include <curl/curl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>
#ifdef __linux__
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#endif

// libcurl's setters and getters are variadic: one wrapper for each kind of argument.

static inline CURLcode curlx_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode curlx_set_offset(CURL *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode curlx_set_string(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode curlx_set_pointer(CURL *easy, CURLoption option, const void *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode curlx_set_data_callback(CURL *easy, CURLoption option, curl_write_callback callback) {
    return curl_easy_setopt(easy, option, callback);
}

static inline CURLcode curlx_get_long(CURL *easy, CURLINFO info, long *value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLcode curlx_get_offset(CURL *easy, CURLINFO info, curl_off_t *value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLcode curlx_get_pointer(CURL *easy, CURLINFO info, void **value) {
    return curl_easy_getinfo(easy, info, (char **)value);
}

static inline CURLMcode curlx_multi_set_socket_callback(CURLM *multi, curl_socket_callback callback, void *context) {
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, context);
    return curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, callback);
}

static inline CURLMcode curlx_multi_set_timer_callback(CURLM *multi, curl_multi_timer_callback callback, void *context) {
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, context);
    return curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, callback);
}

static inline CURLMcode curlx_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

/// The finished transfer of a message, or NULL when the message says something else.
static inline CURL *curlx_finished(const CURLMsg *message, CURLcode *result) {
    if (message->msg != CURLMSG_DONE) return NULL;
    *result = message->data.result;
    return message->easy_handle;
}

#ifdef __linux__
/// What tools such as `top -H` call the calling thread; at most 15 characters.
static inline void threadx_set_name(const char *name) { prctl(PR_SET_NAME, name); }
#endif

// zlib's initialisers are macros.

static inline int zlibx_inflate_start(z_stream *stream, int window_bits) {
    return inflateInit2(stream, window_bits);
}

static inline int zlibx_deflate_start(z_stream *stream, int level, int window_bits) {
    return deflateInit2(stream, level, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
}

// Scanning text sixteen bytes at a time: what strings, escapes and lines have in common is looking for the next byte that
// needs attention. (The same loops written with Swift's SIMD types ran fifty times slower.)

typedef uint8_t bytesx_lane __attribute__((vector_size(16), aligned(1)));

/// Index of the first byte whose lane is set (all ones), or 16.
static inline unsigned bytesx_first(bytesx_lane set) {
#if defined(__SSE2__)
    unsigned mask = (unsigned)__builtin_ia32_pmovmskb128((__attribute__((vector_size(16))) char)set);
    return mask ? (unsigned)__builtin_ctz(mask) : 16;
#else
    uint64_t half[2];
    memcpy(half, &set, sizeof half);
    if (half[0]) return (unsigned)__builtin_ctzll(half[0]) / 8;
    return half[1] ? 8 + (unsigned)__builtin_ctzll(half[1]) / 8 : 16;
#endif
}

/// Length of the run at `bytes` that a JSON string holds unescaped ASCII: no quote, backslash, control character, and
/// nothing beyond ASCII.
static inline size_t bytesx_plain_run(const uint8_t *bytes, size_t count) {
    size_t at = 0;
    for (; at + 16 <= count; at += 16) {
        bytesx_lane v = *(const bytesx_lane *)(bytes + at);
        bytesx_lane set = (bytesx_lane)((v == 0x22) | (v == 0x5C) | (v < 0x20) | (v >= 0x80));
        unsigned first = bytesx_first(set);
        if (first < 16) return at + first;
    }
    while (at < count && bytes[at] != 0x22 && bytes[at] != 0x5C && bytes[at] >= 0x20 && bytes[at] < 0x80) at++;
    return at;
}

/// Length of the valid UTF-8 sequence of two to four bytes at `bytes` (Unicode table 3-7: no overlong forms, no
/// surrogates), or 0.
static inline size_t bytesx_sequence(const uint8_t *bytes, size_t count) {
    uint8_t lead = bytes[0], low = 0x80, high = 0xBF;
    size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (lead < 0xC2 || lead > 0xF4 || count < length) return 0;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
    if (bytes[1] < low || bytes[1] > high) return 0;
    if (length > 2 && (bytes[2] & 0xC0) != 0x80) return 0;
    if (length > 3 && (bytes[3] & 0xC0) != 0x80) return 0;
    return length;
}

/// Length of the run at `bytes` that needs no further look inside a JSON string: plain ASCII, valid UTF-8, and two-letter
/// escapes, which are reported in `escaped`. It ends at the closing quote, at `\u`, or at what is wrong.
static inline size_t bytesx_string_run(const uint8_t *bytes, size_t count, int *escaped) {
    size_t at = 0;
    for (;;) {
        at += bytesx_plain_run(bytes + at, count - at);
        if (at >= count) return at;
        if (bytes[at] >= 0x80) {
            do {
                size_t length = bytesx_sequence(bytes + at, count - at);
                if (length == 0) return at;
                at += length;
            } while (at < count && bytes[at] >= 0x80);
            continue;
        }
        if (bytes[at] != 0x5C || at + 1 >= count) return at;
        switch (bytes[at + 1]) {
        case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't':
            *escaped = 1;
            at += 2;
            continue;
        default: return at;
        }
    }
}

/// Length of the run at `bytes` without a line feed or carriage return.
static inline size_t bytesx_line_run(const uint8_t *bytes, size_t count) {
    size_t at = 0;
    for (; at + 16 <= count; at += 16) {
        bytesx_lane v = *(const bytesx_lane *)(bytes + at);
        unsigned first = bytesx_first((bytesx_lane)((v == 0x0A) | (v == 0x0D)));
        if (first < 16) return at + first;
    }
    while (at < count && bytes[at] != 0x0A && bytes[at] != 0x0D) at++;
    return at;
}

/// What a line of JSON must be looked at for: line ends, `\ud…` escapes (halves of pairs among them), and how many
/// brackets open.
struct bytesx_marks {
    int line_end;
    int surrogate_escape;
    size_t openings;
};

static inline struct bytesx_marks bytesx_survey(const uint8_t *bytes, size_t count) {
    struct bytesx_marks found = {0, 0, 0};
    bytesx_lane ends = {0}, escapes = {0};
    size_t at = 0;
    while (at + 18 <= count) {
        bytesx_lane opened = {0};
        for (int round = 0; round < 255 && at + 18 <= count; round++, at += 16) {
            bytesx_lane here = *(const bytesx_lane *)(bytes + at);
            bytesx_lane next = *(const bytesx_lane *)(bytes + at + 1);
            bytesx_lane third = *(const bytesx_lane *)(bytes + at + 2);
            ends |= (bytesx_lane)((here == 0x0A) | (here == 0x0D));
            escapes |= (bytesx_lane)((here == 0x5C) & (next == 0x75) & ((third | 0x20) == 0x64));
            opened -= (bytesx_lane)((here | 0x20) == 0x7B);
        }
        for (int lane = 0; lane < 16; lane++) found.openings += opened[lane];
    }
    found.line_end = bytesx_first(ends) < 16;
    found.surrogate_escape = bytesx_first(escapes) < 16;
    for (; at < count; at++) {
        if (bytes[at] == 0x0A || bytes[at] == 0x0D) found.line_end = 1;
        if (bytes[at] == 0x5C && at + 2 < count && bytes[at + 1] == 0x75 && (bytes[at + 2] | 0x20) == 0x64)
            found.surrogate_escape = 1;
        if ((bytes[at] | 0x20) == 0x7B) found.openings++;
    }
    return found;
}

/// Index of the first byte that may begin one of the wanted pairs, or `count`. `tables` are four of sixteen bytes, by the low
/// and the high half of the first byte and of the second; a pair is wanted where all four have a bit in common.
static inline int bytesx_is_pair(uint8_t here, uint8_t next, const uint8_t *tables) {
    return tables[here & 15] & tables[16 + (here >> 4)] & tables[32 + (next & 15)] & tables[48 + (next >> 4)];
}

#if defined(__x86_64__)
#include <immintrin.h>
__attribute__((target("ssse3")))
static inline size_t bytesx_pair_run(const uint8_t *bytes, size_t count, const uint8_t *tables) {
    const __m128i a = _mm_loadu_si128((const __m128i *)tables), b = _mm_loadu_si128((const __m128i *)(tables + 16));
    const __m128i c = _mm_loadu_si128((const __m128i *)(tables + 32)), d = _mm_loadu_si128((const __m128i *)(tables + 48));
    const __m128i half = _mm_set1_epi8(15);
    size_t at = 0;
    for (; at + 17 <= count; at += 16) {
        __m128i here = _mm_loadu_si128((const __m128i *)(bytes + at));
        __m128i next = _mm_loadu_si128((const __m128i *)(bytes + at + 1));
        __m128i first = _mm_and_si128(_mm_shuffle_epi8(a, _mm_and_si128(here, half)),
                                      _mm_shuffle_epi8(b, _mm_and_si128(_mm_srli_epi16(here, 4), half)));
        __m128i second = _mm_and_si128(_mm_shuffle_epi8(c, _mm_and_si128(next, half)),
                                       _mm_shuffle_epi8(d, _mm_and_si128(_mm_srli_epi16(next, 4), half)));
        __m128i none = _mm_cmpeq_epi8(_mm_and_si128(first, second), _mm_setzero_si128());
        unsigned found = ~(unsigned)_mm_movemask_epi8(none) & 0xFFFF;
        if (found) return at + (size_t)__builtin_ctz(found);
    }
    for (; at + 1 < count; at++)
        if (bytesx_is_pair(bytes[at], bytes[at + 1], tables)) return at;
    return count;
}
#else
#if defined(__aarch64__)
#include <arm_neon.h>
#endif
static inline size_t bytesx_pair_run(const uint8_t *bytes, size_t count, const uint8_t *tables) {
    size_t at = 0;
#if defined(__aarch64__)
    const uint8x16_t half = vdupq_n_u8(15);
    const uint8x16_t a = vld1q_u8(tables), b = vld1q_u8(tables + 16), c = vld1q_u8(tables + 32), d = vld1q_u8(tables + 48);
    for (; at + 17 <= count; at += 16) {
        uint8x16_t here = vld1q_u8(bytes + at), next = vld1q_u8(bytes + at + 1);
        uint8x16_t first = vandq_u8(vqtbl1q_u8(a, vandq_u8(here, half)), vqtbl1q_u8(b, vshrq_n_u8(here, 4)));
        uint8x16_t second = vandq_u8(vqtbl1q_u8(c, vandq_u8(next, half)), vqtbl1q_u8(d, vshrq_n_u8(next, 4)));
        if (vmaxvq_u8(vandq_u8(first, second))) break;
    }
#endif
    for (; at + 1 < count; at++)
        if (bytesx_is_pair(bytes[at], bytes[at + 1], tables)) return at;
    return count;
}
#endif

// SHA-256 with the processor's own instructions where it has them (five times the portable speed).

#if defined(__x86_64__)
#include <immintrin.h>

static inline int sha256x_available(void) {
    return __builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("ssse3") && ({
        unsigned a = 7, b, c = 0, d;
        __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
        (b >> 29) & 1;
    });
}

/// Folds `blocks` 64-byte blocks into `state` (8 words, a…h).
__attribute__((target("sha,sse4.1,ssse3")))
static inline void sha256x_blocks(uint32_t *state, const uint8_t *data, size_t blocks, const uint32_t *k) {
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bULL, 0x0405060700010203ULL);
    __m128i t = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xB1);
    __m128i s1 = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1B);
    __m128i s0 = _mm_alignr_epi8(t, s1, 8);
    s1 = _mm_blend_epi16(s1, t, 0xF0);
    while (blocks--) {
        const __m128i a = s0, b = s1;
        __m128i w[4];
        for (int i = 0; i < 4; i++)
            w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(data + 16 * i)), swap);
#pragma clang loop unroll(full)
        for (int i = 0; i < 16; i++) {
            __m128i m = _mm_add_epi32(w[i & 3], _mm_loadu_si128((const __m128i *)(k + 4 * i)));
            s1 = _mm_sha256rnds2_epu32(s1, s0, m);
            s0 = _mm_sha256rnds2_epu32(s0, s1, _mm_shuffle_epi32(m, 0x0E));
            if (i < 12) {
                __m128i x = _mm_sha256msg1_epu32(w[i & 3], w[(i + 1) & 3]);
                x = _mm_add_epi32(x, _mm_alignr_epi8(w[(i + 3) & 3], w[(i + 2) & 3], 4));
                w[i & 3] = _mm_sha256msg2_epu32(x, w[(i + 3) & 3]);
            }
        }
        s0 = _mm_add_epi32(s0, a);
        s1 = _mm_add_epi32(s1, b);
        data += 64;
    }
    t = _mm_shuffle_epi32(s0, 0x1B);
    s1 = _mm_shuffle_epi32(s1, 0xB1);
    _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(t, s1, 0xF0));
    _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(s1, t, 8));
}
#else
static inline int sha256x_available(void) { return 0; }
static inline void sha256x_blocks(uint32_t *state, const uint8_t *data, size_t blocks, const uint32_t *k) {
    (void)state; (void)data; (void)blocks; (void)k;
}
#endif

#endif
