/* Modes guard and repeat: layouts, tiles, threads and repetitions leave the bits as they are. */
#include "modes.h"

#include <stdlib.h>

static const case_size guard_sizes[] = { { 1, 1, 1, 0 },   { 1, 1, 5, 0 },   { 2, 2, 2, 0 },
                                         { 1, 3, 7, 0 },   { 1, 17, 33, 0 }, { 2, 19, 23, 0 },
                                         { 1, 40, 50, 1 }, { 1, 61, 83, 1 } };
static const int tiles[][2] = {
    { 8, 8 }, { 9, 13 }, { 16, 8 }, { 32, 10 }, { 4096, 8 }, { 8, 4096 }
};

/* Layouts, gradients left out, and stages called as plans. */
static void guard_views(const base *b, const setup *plain) {
    for (int i = 0; i < LAYOUTS; i++) {
        setup s = *plain;
        s.layout = (layout)i;
        check_same(b, &s, 1);
        s.skip_source = i % 2;
        s.skip_params = !s.skip_source;
        check_same(b, &s, 1);
    }
    setup plan = *plain;
    plan.plan = 1;
    check_same(b, &plan, 1);
}

static void guard_tiles(const options *o, const base *b, const setup *plain) {
    for (size_t i = 0; i < sizeof tiles / sizeof *tiles; i++) {
        setup s = *plain;
        s.tile_width = tiles[i][0];
        s.tile_height = tiles[i][1];
        s.threads = i % 2 ? 2 : 1;
        s.plan = i % 3 == 0;
        if (!o->slow && b->problem->h * b->problem->w < 100 && i > 0) continue;
        check_same(b, &s, 0);
    }
}

void mode_guard(const options *o) {
    report_begin("guard");
    const case_row *row;
    for (int i = 0; (row = row_at(i)); i++) {
        if (!row_wanted(o, row)) continue;
        for (size_t k = 0; k < sizeof guard_sizes / sizeof *guard_sizes; k++) {
            const case_size *size = &guard_sizes[k];
            if ((size->slow && !o->slow) || !problem_fits(row, size->h, size->w)) continue;
            problem p = problem_new(row, size->n, size->h, size->w, L2L_F64, (unsigned)i + 41);
            for (l2l_isa isa = 0; isa_next(o, &isa);)
                for (int precision = 0; precision < 2; precision++) {
                    setup plain = setup_plain(isa, precision ? L2L_F64 : L2L_F32);
                    base b = base_of(&p, &plain);
                    guard_views(&b, &plain);
                    guard_tiles(o, &b, &plain);
                    base_free(&b);
                }
            problem_free(&p);
        }
    }
    report_end();
}

/* The same call again, on more threads, and on the other instruction set with FMA. */
static void repeat_size(const options *o, problem *p, int tile) {
    static const int threads[] = { 1, 2, 7, 16 };
    for (l2l_isa isa = 0; isa_next(o, &isa);)
        for (int precision = 0; precision < 2; precision++) {
            setup one = setup_plain(isa, precision ? L2L_F64 : L2L_F32);
            one.tile_width = one.tile_height = tile;
            base b = base_of(p, &one);
            for (int i = 0; i < 4; i++) {
                setup many = one;
                many.threads = threads[i];
                check_same(&b, &many, 1);
            }
            setup wide = one;
            wide.isa = L2L_ISA_AVX512;
            if (isa == L2L_ISA_AVX2 && l2l_isa_available(wide.isa) && o->isa == L2L_ISA_BEST)
                check_same(&b, &wide, 1);
            base_free(&b);
        }
}

void mode_repeat(const options *o) {
    static const case_size sizes[] = {
        { 1, 5, 9, 0 }, { 2, 33, 47, 0 }, { 1, 131, 70, 1 }, { 1, 20, 530, 1 }
    };
    report_begin("repeat");
    const case_row *row;
    for (int i = 0; (row = row_at(i)); i++) {
        if (!row_wanted(o, row)) continue;
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
            if ((sizes[k].slow && !o->slow) || !problem_fits(row, sizes[k].h, sizes[k].w)) continue;
            problem p =
                problem_new(row, sizes[k].n, sizes[k].h, sizes[k].w, L2L_F64, (unsigned)i + 61);
            repeat_size(o, &p, 8);
            repeat_size(o, &p, i % 2 ? 0 : 19);
            problem_free(&p);
        }
    }
    report_end();
}
