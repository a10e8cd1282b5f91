/* Packed samples one by one, for the ends of rows and for who is in no hurry; tensor.h says how
   they lie. */
#ifndef L2L_CORE_PACKED_H
#define L2L_CORE_PACKED_H

#include <lens2logit/tensor.h>

/* Sample x of a row of MIPI CSI-2 RAW8 + `low` bits. */
static inline uint16_t l2l_packed_raw(const uint8_t *row, int64_t x, int low) {
    const int high = 8 / low; /* bytes of upper bits, before the one of lower bits */
    const uint8_t *group = row + x / high * (high + 1);
    const int k = (int)(x % high);
    return (uint16_t)(group[k] << low | (group[high] >> (low * k) & ((1 << low) - 1)));
}

/* Sample x of a row of `bits` bits each, most significant first; 8 < bits < 16. */
static inline uint16_t l2l_packed_bits(const uint8_t *row, int64_t x, int bits) {
    const uint8_t *first = row + x * bits / 8;
    const int skip = (int)(x * bits % 8), spare = 24 - skip - bits;
    /* The third byte may lie beyond the row where no bit of it is needed. */
    const int word = first[0] << 16 | first[1] << 8 | (spare < 8 ? first[2] : 0);
    return (uint16_t)(word >> spare & ((1 << bits) - 1));
}

static inline uint16_t l2l_packed_sample(l2l_dtype dtype, const uint8_t *row, int64_t x) {
    return dtype == L2L_RAW10    ? l2l_packed_raw(row, x, 2)
           : dtype == L2L_RAW12  ? l2l_packed_raw(row, x, 4)
           : dtype == L2L_BITS10 ? l2l_packed_bits(row, x, 10)
           : dtype == L2L_BITS12 ? l2l_packed_bits(row, x, 12)
                                 : l2l_packed_bits(row, x, 14);
}

static inline int l2l_is_packed(l2l_dtype dtype) {
    return l2l_dtype_group(dtype) > 1;
}

#endif
