/* Rows of packed samples: unpacked in registers on their way into the tile; tensor.h says how they
   lie. */
#include "core/packed.h"
#include "stages/rows.h"
#include "stages/vector.h"

/* ---- several samples at once ---- */

/* How many are made of 16 bytes in one step; each in a word of its own. */
#if defined(__AVX2__)
enum { STEP = 8 };
#elif defined(__ARM_NEON)
enum { STEP = 4 };
#endif

#if defined(__AVX2__) || defined(__ARM_NEON)
typedef uint32_t words __attribute__((vector_size(4 * STEP)));
typedef int32_t signed_words __attribute__((vector_size(4 * STEP)));
typedef real reals __attribute__((vector_size(STEP * sizeof(real))));
typedef real reals_unaligned
    __attribute__((vector_size(STEP * sizeof(real)), aligned(sizeof(real)), may_alias));

/* Which bytes go into a word, the least significant first, and how far it is shifted left. */
typedef struct picks {
    _Alignas(32) uint8_t bytes[4 * STEP];
    _Alignas(32) uint32_t left[STEP];
} picks;

static inline words take(const uint8_t *from, const picks *p) {
#if defined(__AVX2__)
    __m256i twice = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)from));
    return (words)_mm256_shuffle_epi8(twice, *(const __m256i *)p->bytes);
#else
    return (words)vqtbl1q_u8(vld1q_u8(from), vld1q_u8(p->bytes));
#endif
}

/* The bits of a sample begin in the top byte of its word and go on in the next two. Or (`low` not
   0) the top byte has its upper bits, and the lowest byte the lower ones of a whole group. */
static inline __attribute__((always_inline)) int unpack(real *restrict to, const uint8_t *from,
                                                        const uint8_t *end, int count, real factor,
                                                        const picks *p, int bits, int low) {
    words left;
    int i = 0;
    memcpy(&left, p->left, sizeof left);
    for (; i + STEP <= count && end - from >= 16; i += STEP, from += STEP * bits / 8) {
        words word = take(from, p), sample = word << left;
        if (low)
            sample =
                (word >> (24 - low) & (255u << low)) | (sample >> (8 - low) & ((1u << low) - 1));
        else
            sample >>= 32 - bits;
        *(reals_unaligned *)(to + i) =
            __builtin_convertvector((signed_words)sample, reals) * factor;
    }
    return i;
}

/* Of sample i: its bytes, counted from the first sample's, and its shift. */
#if defined(__AVX2__)
#define LANES(lane, x)                                                                             \
    {                                                                                              \
        lane(0, x), lane(1, x), lane(2, x), lane(3, x), lane(4, x), lane(5, x), lane(6, x),        \
            lane(7, x)                                                                             \
    }
#else
#define LANES(lane, x)                                                                             \
    { lane(0, x), lane(1, x), lane(2, x), lane(3, x) }
#endif
#define BITS_BYTES(i, bits)                                                                        \
    (i) * (bits) / 8, (i) * (bits) / 8 + 2, (i) * (bits) / 8 + 1, (i) * (bits) / 8
#define BITS_LEFT(i, bits) (i) * (bits) % 8
#define RAW_GROUP(i, low) (i) * (low) / 8 * (8 / (low) + 1)
#define RAW_BYTES(i, low)                                                                          \
    RAW_GROUP(i, low) + 8 / (low), RAW_GROUP(i, low) + 8 / (low), RAW_GROUP(i, low) + 8 / (low),   \
        RAW_GROUP(i, low) + (i) % (8 / (low))
#define RAW_LEFT(i, low) 8 - (low) - (i) * (low) % 8
#define UNPACK(name, kind, x, bits, low)                                                           \
    static int name(real *to, const uint8_t *from, const uint8_t *end, int count, real factor) {   \
        static const picks made = { LANES(kind##_BYTES, x), LANES(kind##_LEFT, x) };               \
        return unpack(to, from, end, count, factor, &made, bits, low);                             \
    }
#else
/* Without an instruction that moves bytes about: four samples, which are whole bytes. */
enum { STEP = 4 };
#define RAW_SAMPLE(i, low) (real) l2l_packed_raw(from, i, low)
#define BITS_SAMPLE(i, bits) (real) l2l_packed_bits(from, i, bits)
#define UNPACK(name, kind, x, bits, low)                                                           \
    static int name(real *restrict to, const uint8_t *from, const uint8_t *end, int count,         \
                    real factor) {                                                                 \
        int i = 0;                                                                                 \
        for (; i + STEP <= count; i += STEP, from += STEP * (bits) / 8) {                          \
            to[i] = kind##_SAMPLE(0, x) * factor;                                                  \
            to[i + 1] = kind##_SAMPLE(1, x) * factor;                                              \
            to[i + 2] = kind##_SAMPLE(2, x) * factor;                                              \
            to[i + 3] = kind##_SAMPLE(3, x) * factor;                                              \
        }                                                                                          \
        (void)end;                                                                                 \
        return i;                                                                                  \
    }
#endif

UNPACK(unpack_raw10, RAW, 2, 10, 2)
UNPACK(unpack_raw12, RAW, 4, 12, 4)
UNPACK(unpack_bits10, BITS, 10, 10, 0)
UNPACK(unpack_bits12, BITS, 12, 12, 0)
UNPACK(unpack_bits14, BITS, 14, 14, 0)

/* ---- a row ---- */

/* Up to the beginning of a group one by one, then by steps, and one by one what a step would read
   too much for. */
#define LOAD(bits, unpack_some, get, of)                                                           \
    do {                                                                                           \
        for (; i < count && (first + i) % group; i++)                                              \
            to[i] = (real)get(from, first + i, of) * factor;                                       \
        i += unpack_some(to + i, from + (first + i) * bits / 8, end, count - i, factor);           \
        for (; i < count; i++) to[i] = (real)get(from, first + i, of) * factor;                    \
    } while (0)

void L2L_SYMBOL(l2l_row_load_packed)(void *row, const l2l_tensor *tensor, int64_t offset, int count,
                                     double scale, int64_t next) {
    real *restrict to = row;
    const real factor = (real)scale;
    const int group = l2l_dtype_group(tensor->dtype), bits = l2l_dtype_bits(tensor->dtype);
    const int first = (int)(offset & (group - 1)); /* in its group */
    const uint8_t *from = (const uint8_t *)tensor->data + (offset - first) * bits / 8;
    const size_t size = l2l_row_size(tensor->dtype, first + count);
    const uint8_t *end = from + size;
    int i = 0;
    if (next) l2l_prefetch(from + next * bits / 8, size);
    switch (tensor->dtype) {
    case L2L_RAW10:
        LOAD(10, unpack_raw10, l2l_packed_raw, 2);
        break;
    case L2L_RAW12:
        LOAD(12, unpack_raw12, l2l_packed_raw, 4);
        break;
    case L2L_BITS10:
        LOAD(10, unpack_bits10, l2l_packed_bits, 10);
        break;
    case L2L_BITS12:
        LOAD(12, unpack_bits12, l2l_packed_bits, 12);
        break;
    default:
        LOAD(14, unpack_bits14, l2l_packed_bits, 14);
        break;
    }
}
