/* Contexts: options are validated once, here; everything later may trust them. */
#include "core/context_internal.h"

static l2l_status check_options(const l2l_context_options *o) {
    if (o->allocator && (!o->allocator->allocate || !o->allocator->release))
        return L2L_INVALID_ARGUMENT;
    if (o->parallel &&
        (!o->parallel->run || o->parallel->threads < 1 || o->parallel->threads > L2L_MAX_THREADS))
        return L2L_INVALID_ARGUMENT;
    if (o->threads < 0 || o->threads > L2L_MAX_THREADS) return L2L_INVALID_ARGUMENT;
    if ((o->tile_width && o->tile_width < 8) || (o->tile_height && o->tile_height < 8))
        return L2L_INVALID_ARGUMENT;
    if ((int)o->isa < L2L_ISA_BEST || o->isa > L2L_ISA_NEON) return L2L_INVALID_ARGUMENT;
    return l2l_isa_available(o->isa) ? L2L_OK : L2L_UNSUPPORTED;
}

static l2l_isa best_isa(void) {
    int isa = L2L_ISA_NEON;
    while (!l2l_isa_available((l2l_isa)isa)) isa--;
    return (l2l_isa)isa;
}

l2l_status l2l_context_create(const l2l_context_options *options, l2l_context **context) {
    if (!context) return L2L_INVALID_ARGUMENT;
    *context = NULL;
    l2l_context_options o = L2L_CONTEXT_OPTIONS_INIT;
    if (!l2l_options_copy(&o, sizeof o, options)) return L2L_INVALID_ARGUMENT;
    L2L_TRY(check_options(&o));

    l2l_allocator allocator = o.allocator ? *o.allocator : l2l_default_allocator();
    l2l_context *made = l2l_allocate(&allocator, sizeof *made);
    if (!made) return L2L_OUT_OF_MEMORY;
    made->allocator = allocator;
    if (o.parallel) made->parallel = *o.parallel;
    made->threads = o.parallel ? o.parallel->threads : o.threads;
    if (made->threads == 0) made->threads = l2l_processor_count();
    made->isa = o.isa == L2L_ISA_BEST ? best_isa() : o.isa;
    made->cancelled = o.cancelled;
    made->cancelled_user = o.cancelled_user;
    made->tile_width = o.tile_width;
    made->tile_height = o.tile_height;
    made->scratch = l2l_allocate(&allocator, (size_t)(made->threads + 1) * sizeof *made->scratch);
    if (!made->scratch) {
        l2l_release(&allocator, made, sizeof *made);
        return L2L_OUT_OF_MEMORY;
    }
    *context = made;
    return L2L_OK;
}

void l2l_context_destroy(l2l_context *context) {
    if (!context) return;
    l2l_pool_destroy(context);
    l2l_allocator allocator = context->allocator;
    size_t slots = (size_t)(context->threads + 1);
    for (size_t i = 0; i < slots; i++)
        l2l_release(&allocator, context->scratch[i].memory, context->scratch[i].size);
    l2l_release(&allocator, context->scratch, slots * sizeof *context->scratch);
    l2l_release(&allocator, context, sizeof *context);
}

const char *l2l_context_error(const l2l_context *context) {
    return context ? context->error : "";
}

int l2l_context_threads(const l2l_context *context) {
    return context ? context->threads : 0;
}

l2l_isa l2l_context_isa(const l2l_context *context) {
    return context ? context->isa : L2L_ISA_BASELINE;
}

bool l2l_is_cancelled(const l2l_context *context) {
    return context->cancelled && context->cancelled(context->cancelled_user);
}

int l2l_context_tile_width(const l2l_context *context) {
    return context->tile_width;
}

int l2l_context_tile_height(const l2l_context *context) {
    return context->tile_height;
}
