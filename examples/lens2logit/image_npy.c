/* NumPy's array files (version 1 to 3): f32, f64, u8 and u16. */
#include "image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "say.h"

/* '<' or '>': how this machine stores numbers. */
static char native_order(void) {
    return *(const unsigned char *)&(const int){ 1 } == 1 ? '<' : '>';
}

static const struct {
    l2l_dtype dtype;
    const char *code; /* without the order */
} types[] = { { L2L_U8, "u1" }, { L2L_U16, "u2" }, { L2L_F32, "f4" }, { L2L_F64, "f8" } };
enum { TYPES = sizeof types / sizeof types[0] };

/* The header, padded with spaces to a multiple of 64 bytes. Returns its length. */
static size_t make_header(const l2l_tensor *tensor, char header[256]) {
    const char *code = "f8";
    for (int i = 0; i < TYPES; i++)
        if (types[i].dtype == tensor->dtype) code = types[i].code;
    char shape[96] = "";
    for (int i = 0; i < tensor->ndim; i++) {
        size_t at = strlen(shape);
        snprintf(shape + at, sizeof shape - at, i ? ", %lld" : "%lld", (long long)tensor->shape[i]);
    }
    int length =
        snprintf(header + 10, 246, "{'descr': '%c%s', 'fortran_order': False, 'shape': (%s%s), }",
                 code[1] == '1' ? '|' : native_order(), code, shape, tensor->ndim == 1 ? "," : "");
    size_t total = (size_t)(10 + length + 1 + 63) / 64 * 64;
    memset(header + 10 + length, ' ', total - 10 - (size_t)length);
    header[total - 1] = '\n';
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = (char)((total - 10) & 255);
    header[9] = (char)((total - 10) >> 8);
    return total;
}

/* Rows of the last dimension; those that lie without gaps go out at once. */
static bool write_rows(FILE *file, const l2l_tensor *tensor) {
    size_t size = l2l_dtype_size(tensor->dtype);
    int last = tensor->ndim - 1;
    int64_t width = tensor->shape[last], rows = tensor_count(tensor) / width;
    for (int64_t r = 0; r < rows; r++) {
        int64_t rest = r, start = 0;
        for (int i = last - 1; i >= 0; i--) {
            start += rest % tensor->shape[i] * tensor->stride[i];
            rest /= tensor->shape[i];
        }
        const char *row = (const char *)tensor->data + start * (int64_t)size;
        if (tensor->stride[last] == 1) {
            if (fwrite(row, size, (size_t)width, file) != (size_t)width) return false;
            continue;
        }
        for (int64_t x = 0; x < width; x++)
            if (fwrite(row + x * tensor->stride[last] * (int64_t)size, size, 1, file) != 1)
                return false;
    }
    return true;
}

bool npy_write(const char *path, const l2l_tensor *tensor) {
    output out;
    if (!output_open(&out, path)) return false;
    char header[256];
    size_t length = make_header(tensor, header);
    if (fwrite(header, 1, length, out.file) != length || !write_rows(out.file, tensor))
        return output_fail(&out, strerror(errno));
    return output_commit(&out);
}

typedef struct npy_head {
    l2l_dtype dtype;
    bool swapped, fortran;
    int ndim;
    int64_t shape[4];
    size_t data; /* where it begins */
} npy_head;

/* What stands after 'KEY': in the header's dictionary. NULL if it is not there. */
static const char *value_of(const char *dictionary, const char *key) {
    const char *at = strstr(dictionary, key);
    if (!at) return NULL;
    at += strlen(key);
    while (*at == ' ') at++;
    if (*at++ != ':') return NULL;
    while (*at == ' ') at++;
    return at;
}

static bool parse_shape(const char *text, npy_head *head) {
    if (!text || *text++ != '(') return false;
    while (true) {
        while (*text == ' ' || *text == ',') text++;
        if (*text == ')') return head->ndim > 0;
        char *end;
        errno = 0;
        long long extent = strtoll(text, &end, 10);
        if (end == text || errno || extent < 1 || head->ndim == 4) return false;
        head->shape[head->ndim++] = extent;
        text = end;
    }
}

static bool parse_type(const char *text, npy_head *head) {
    if (!text || (*text != '\'' && *text != '"')) return false;
    char order = text[1];
    for (int i = 0; i < TYPES; i++) {
        if (strncmp(text + 2, types[i].code, 2) != 0 || text[4] != text[0]) continue;
        head->dtype = types[i].dtype;
        head->swapped = order != native_order() && types[i].code[1] != '1';
        return order == '<' || order == '>' || order == '|' || order == '=';
    }
    return false;
}

/* Returns what is wrong with the header, NULL if nothing is. */
static const char *parse_head(const unsigned char *bytes, size_t size, npy_head *head) {
    if (size < 12 || memcmp(bytes, "\x93NUMPY", 6)) return "it is no NPY file";
    size_t start = bytes[6] == 1 ? 10 : 12;
    size_t length = (size_t)bytes[8] | (size_t)bytes[9] << 8;
    if (start == 12) length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    if (bytes[6] < 1 || bytes[6] > 3) return "its version of NPY is unknown";
    char text[1024];
    if (length > size - start || length >= sizeof text) return "its header is damaged";
    memcpy(text, bytes + start, length);
    text[length] = '\0';
    memset(head, 0, sizeof *head);
    head->data = start + length;
    if (!parse_type(value_of(text, "'descr'"), head))
        return "its type is none of u1, u2, f4 and f8";
    const char *fortran = value_of(text, "'fortran_order'");
    if (!fortran) return "its header does not tell the order";
    head->fortran = *fortran == 'T';
    if (!parse_shape(value_of(text, "'shape'"), head))
        return "its shape is not one of 1 to 4 extents";
    return NULL;
}

static void swap_bytes(char *data, size_t size, int64_t count) {
    for (int64_t i = 0; i < count; i++, data += size)
        for (size_t k = 0; k < size / 2; k++) {
            char kept = data[k];
            data[k] = data[size - 1 - k];
            data[size - 1 - k] = kept;
        }
}

bool npy_read(const char *path, const void *bytes, size_t size, l2l_tensor *array) {
    npy_head head;
    const char *wrong = parse_head(bytes, size, &head);
    if (wrong) return fail("cannot read '%s': %s", path, wrong);
    int64_t need = (int64_t)l2l_dtype_size(head.dtype);
    for (int i = 0; i < head.ndim; i++)
        if (__builtin_mul_overflow(need, head.shape[i], &need)) need = INT64_MAX;
    if ((uint64_t)need > size - head.data)
        return fail("cannot read '%s': its header promises %lld bytes of data, %zu are there", path,
                    (long long)need, size - head.data);
    if (!tensor_new(array, head.dtype, head.ndim, head.shape)) return false;
    memcpy(array->data, (const char *)bytes + head.data, (size_t)need);
    if (head.swapped) swap_bytes(array->data, l2l_dtype_size(head.dtype), tensor_count(array));
    if (head.fortran) {
        int64_t stride = 1;
        for (int i = 0; i < head.ndim; i++) {
            array->stride[i] = stride;
            stride *= head.shape[i];
        }
    }
    return true;
}
