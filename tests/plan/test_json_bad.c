/* JSON texts that are wrong: each is refused with a sentence that names the offender. */
#include "support.h"

/* ---- refusals when reading ---- */

#define HEAD "{\"lens2logit\": 1, "
#define STAGES(text) HEAD "\"stages\": [" text "]}"

static const struct {
    const char *text, *named;
} bad_plans[] = {
    { "", "not JSON from byte 0" },
    { " \n", "not JSON" },
    { "nonsense", "nonsense" },
    { "\x89PNG\r\n", "not JSON" },
    { "{", "not JSON" },
    { "{\"a\":1,", "not JSON" },
    { "{\"a\"", "not JSON" },
    { "{\"lens2logit\": 1} x", "not JSON from byte 17" },
    { STAGES("{\"stage\": \"gamma\"}") "}", "not JSON" },
    { "[]", "not a JSON object" },
    { "null", "not a JSON object" },
    { "1e5", "not a JSON object" },
    { "{}", "no \"lens2logit\"" },
    { "{\"stages\": [{\"stage\": \"gamma\"}]}", "no \"lens2logit\"" },
    { "{\"lens2logit\": 2, \"stages\": [{\"stage\": \"gamma\"}]}", "version 2" },
    { "{\"lens2logit\": 1.5, \"stages\": [{\"stage\": \"gamma\"}]}", "version 1.5" },
    { "{\"lens2logit\": \"1\", \"stages\": [{\"stage\": \"gamma\"}]}", "is not a number" },
    { "{\"lens2logit\": true, \"stages\": [{\"stage\": \"gamma\"}]}", "is not a number" },
    { "{\"Lens2Logit\": 1, \"stages\": [{\"stage\": \"gamma\"}]}", "\"Lens2Logit\"" },
    { HEAD "\"lens2logit\": 1, \"stages\": []}", "\"lens2logit\" twice" },
    { HEAD "\"version\": 1}", "unknown key \"version\"" },
    { HEAD "\"\": 1}", "unknown key \"\"" },
    { HEAD "\"name\": 3}", "\"name\" is not a string" },
    { HEAD "\"comment\": [\"a\"]}", "\"comment\" is not a string" },
    { HEAD "\"channels\": 1}", "no \"stages\"" },
    { HEAD "\"channels\": \"1\", \"stages\": []}", "\"channels\" is not a number" },
    { HEAD "\"channels\": 1.5, \"stages\": []}", "\"channels\" is not an integer" },
    { HEAD "\"channels\": 1e300, \"stages\": []}", "\"channels\" is not an integer" },
    { HEAD "\"channels\": 99, \"stages\": [{\"stage\": \"gamma\"}]}", "99 channels" },
    { HEAD "\"sample_scale\": null, \"stages\": []}", "\"sample_scale\" is not a number" },
    { HEAD "\"sample_scale\": 1e999, \"stages\": []}", "\"sample_scale\" is beyond" },
    { HEAD "\"sample_scale\": NaN, \"stages\": []}", "not JSON" },
    { HEAD "\"stages\": {}}", "no \"stages\" that is an array" },
    { HEAD "\"stages\": \"gamma\"}", "no \"stages\" that is an array" },
    { STAGES(""), "at least one stage" },
    { STAGES("\"gamma\""), "stage 1 is not a JSON object" },
    { STAGES("{\"stage\": \"gamma\"}, {}"), "stage 2 has no \"stage\"" },
    { STAGES("{\"stage\": 7}"), "stage 1 has no \"stage\"" },
    { STAGES("{\"stage\": \"sepia\"}"), "unknown stage \"sepia\"" },
    { STAGES("{\"stage\": \"gamma2\"}"), "unknown stage \"gamma2\"" },
    { STAGES("{\"stage\": \"gamma\", \"stage\": \"clip\"}"), "\"stage\" twice" },
    { STAGES("{\"stage\": \"clip\", \"lo\": 0, \"lo\": 0}"), "stage 1, clip has \"lo\" twice" },
    { STAGES("{\"stage\": \"clip\", \"low\": 0}"), "stage 1, clip has the unknown key \"low\"" },
    { STAGES("{\"stage\": \"gamma\", \"lo\": 0}"), "unknown key \"lo\"" },
    { STAGES("{\"stage\": \"clip\", \"lo\": \"0\"}"), "stage 1, clip: \"lo\" is not a number" },
    { STAGES("{\"stage\": \"clip\", \"lo\": -1e400}"), "\"lo\" is beyond" },
    { STAGES("{\"stage\": \"clip\", \"lo\": 2, \"hi\": 1}"), "lo 2 is not at most hi 1" },
    { STAGES("{\"stage\": \"gamma\", \"per_channel\": 1}"), "is not true or false" },
    { STAGES("{\"stage\": \"demosaic\", \"method\": \"vng\"}"), "unknown method \"vng\"" },
    { STAGES("{\"stage\": \"demosaic\", \"method\": \"kernel\"}"), "unknown method \"kernel\"" },
    { STAGES("{\"stage\": \"demosaic\", \"method\": 1}"), "\"method\" is not a string" },
    { STAGES("{\"stage\": \"demosaic\", \"border\": \"wrap\"}"), "unknown border \"wrap\"" },
    { STAGES("{\"stage\": \"demosaic\", \"border\": []}"), "\"border\" is not a string" },
    { STAGES("{\"stage\": \"demosaic\", \"cfa\": \"CMYG\"}"), "CMYG" },
    { STAGES("{\"stage\": \"demosaic\", \"cfa\": {\"width\": 2}}"), "\"cfa\" is not a string" },
    { STAGES("{\"stage\": \"demosaic\", \"method\": \"linear\", \"radius\": 3}"), "radius 3" },
    { STAGES("{\"stage\": \"demosaic\", \"radius\": 1.25}"), "\"radius\" is not an integer" },
    { STAGES("{\"stage\": \"sharpen\", \"space\": \"lab\"}"), "unknown space \"lab\"" },
    { STAGES("{\"stage\": \"sharpen\"}"), "3 channels" },
    { STAGES("{\"stage\": \"normalize\", \"mode\": \"layer\"}"), "unknown mode \"layer\"" },
    { STAGES("{\"stage\": \"normalize\", \"mode\": \"batch\", \"epsilon\": -1}"), "epsilon is -1" },
    { HEAD "\"stages\": [{\"stage\": \"gamma\"}], \"params\": []}", "\"params\" is not a JSON" },
    { HEAD "\"stages\": [{\"stage\": \"gamma\"}], \"params\": {\"gain\": [1]}}", "gain" },
    { HEAD "\"stages\": [{\"stage\": \"gamma\"}], \"params\": {\"gamma.gamma\": []}}",
      "\"gamma.gamma\" has 0 values, not 1" },
    { HEAD "\"stages\": [{\"stage\": \"gamma\"}], \"params\": {\"gamma.gamma\": [1, 2]}}",
      "\"gamma.gamma\" has 2 values, not 1" },
    { HEAD "\"stages\": [{\"stage\": \"gamma\"}], \"params\": {\"gamma.gamma\": [null]}}",
      "\"gamma.gamma\" [0] is not a number" },
};

static void bad_plan(const char *text, size_t size, const char *named) {
    l2l_plan *plan = (l2l_plan *)(void *)&plan;
    l2l_status status = l2l_plan_from_json(context, text, size, &plan);
    ck_assert_msg(status == L2L_BAD_DATA, "%.60s gives %s", text, l2l_status_name(status));
    ck_assert_ptr_null(plan);
    ck_assert_msg(strstr(l2l_context_error(context), named), "%s: %s", text,
                  l2l_context_error(context));
}

START_TEST(bad_plans_are_named) {
    for (size_t i = 0; i < sizeof bad_plans / sizeof bad_plans[0]; i++)
        bad_plan(bad_plans[i].text, strlen(bad_plans[i].text), bad_plans[i].named);
    bad_plan(HEAD "\"stages\": [{\"stage\": \"gamma\"}]}", 40, "not JSON");
    const char ended[] = HEAD "\"stages\": [{\"stage\": \"gamma\"}]}";
    bad_plan(ended, sizeof ended, "not JSON from byte 49"); /* its zero is no part of the text */
}
END_TEST

START_TEST(two_additives_are_unsupported) {
    const char *text = STAGES("{\"stage\": \"additive\"}, {\"stage\": \"additive\"}");
    l2l_plan *plan = (l2l_plan *)(void *)&text;
    ck_assert_int_eq(l2l_plan_from_json(context, text, strlen(text), &plan), L2L_UNSUPPORTED);
    ck_assert_ptr_null(plan);
}
END_TEST

/* Every beginning of a good text, in a block of its own size so that a sanitizer sees the end. */
START_TEST(every_cut_is_refused) {
    l2l_plan *plan = preset("lens2logit"), *copy;
    double values[132];
    l2l_tensor params = l2l_vector(values, L2L_F64, 132);
    char *text;
    ok(l2l_plan_default_params(context, plan, &params));
    ok(l2l_plan_to_json(context, plan, &params, &text));
    size_t size = strlen(text);
    for (size_t cut = 0; cut + 2 < size; cut++) {
        char *part = malloc(cut ? cut : 1);
        ck_assert_ptr_nonnull(part);
        memcpy(part, text, cut);
        ck_assert_int_eq(l2l_plan_from_json(context, part, cut, &copy), L2L_BAD_DATA);
        free(part);
    }
    ok(l2l_plan_from_json(context, text, size - 1, &copy)); /* the line's end is not needed */
    l2l_plan_destroy(copy);
    l2l_text_free(context, text);
    l2l_plan_destroy(plan);
}
END_TEST

/* Random damage gives a status, never a crash, and never a half-made plan. */
START_TEST(damage_is_survived) {
    l2l_plan *plan = preset("lens2logit"), *copy;
    char *text;
    ok(l2l_plan_to_json(context, plan, NULL, &text));
    size_t size = strlen(text);
    uint32_t random = 12345;
    int refused = 0;
    for (int round = 0; round < 20000; round++) {
        random = random * 1664525u + 1013904223u;
        size_t place = (random >> 8) % size;
        char before = text[place];
        text[place] = (char)(random >> 24);
        l2l_status status = l2l_plan_from_json(context, text, size, &copy);
        ck_assert(status == L2L_OK || status == L2L_BAD_DATA);
        ck_assert_int_eq(status == L2L_OK, copy != NULL);
        refused += status != L2L_OK;
        l2l_plan_destroy(copy);
        text[place] = before;
    }
    ck_assert_int_gt(refused, 10000);
    l2l_text_free(context, text);
    l2l_plan_destroy(plan);
}
END_TEST

START_TEST(hostile_texts_are_survived) {
    enum { DEEP = 1 << 20 };
    char *text = malloc(DEEP + 1);
    ck_assert_ptr_nonnull(text);
    memset(text, '[', DEEP);
    text[DEEP] = '\0';
    bad_plan(text, DEEP, "not JSON");
    for (int i = 0; i + 5 <= DEEP; i += 5) memcpy(text + i, "{\"a\":", 5);
    bad_plan(text, DEEP, "not JSON");
    memset(text, ' ', DEEP);
    bad_plan(text, DEEP, "not JSON");
    /* a number, a key and an array without end */
    int length = snprintf(text, DEEP, HEAD "\"channels\": 1");
    memset(text + length, '1', DEEP - (size_t)length);
    bad_plan(text, DEEP, "not JSON");
    length = snprintf(text, DEEP, HEAD "\"");
    memset(text + length, 'k', DEEP - (size_t)length);
    memcpy(text + DEEP - 4, "\":1}", 4);
    bad_plan(text, DEEP, "unknown key \"kkkk");
    length = snprintf(text, DEEP, HEAD "\"stages\": [");
    for (int i = length; i + 3 <= DEEP; i += 3) memcpy(text + i, "{},", 3);
    memcpy(text + DEEP - 5, "{} ]}", 5);
    bad_plan(text, DEEP, "");
    free(text);
    size_t huge = (size_t)17 << 20;
    text = malloc(huge);
    ck_assert_ptr_nonnull(text);
    memset(text, ' ', huge);
    bad_plan(text, huge, "bytes of JSON are more than");
    free(text);

    char many[4096] = HEAD "\"stages\": [";
    for (int i = 0; i <= L2L_MAX_STAGES; i++)
        strcat(many, i ? ",{\"stage\":\"gamma\"}" : "{\"stage\":\"gamma\"}");
    strcat(many, "]}");
    bad_plan(many, strlen(many), "holds more than 24");
}
END_TEST

/* ---- parameters ---- */

START_TEST(parameters_are_set_by_name) {
    l2l_plan *plan = preset("lens2logit");
    float values[132];
    l2l_tensor params = l2l_vector(values, L2L_F32, 132);
    for (int i = 0; i < 132; i++) values[i] = (float)i;
    const char *camera = "\n{\"lens2logit\": 1, \"name\": \"drone\", \"comment\": \"\\u00e9\", "
                         "\"params\": {\"gamma.gamma\": [1.25], "
                         "\"white_balance.gain\": [-0.6567, 2, 3e0]}}\n";
    ok(l2l_params_from_json(context, plan, camera, strlen(camera), &params));
    for (int i = 0; i < 132; i++) {
        float expected = i == 131  ? 1.25f
                         : i == 85 ? -0.6567f
                         : i == 86 ? 2
                         : i == 87 ? 3
                                   : (float)i;
        ck_assert(values[i] == expected);
    }
    /* another stride */
    double spread[264] = { 0 };
    l2l_tensor wide = l2l_vector(spread, L2L_F64, 132);
    wide.stride[0] = 2;
    ok(l2l_params_from_json(context, plan, camera, strlen(camera), &wide));
    ck_assert(spread[2 * 131] == 1.25 && spread[2 * 85] == -0.6567 && spread[2 * 85 + 1] == 0);
    l2l_plan_destroy(plan);
}
END_TEST

static const struct {
    const char *text, *named;
} bad_params[] = {
    { "{\"params\": {}}", "no \"lens2logit\"" },
    { HEAD "\"name\": \"x\"}", "no \"params\"" },
    { HEAD "\"params\": [1]}", "\"params\" is not a JSON object" },
    { HEAD "\"gain\": [1]}", "unknown key \"gain\"" },
    { HEAD "\"params\": {\"gamma.gamma\": [1], \"gamma2.gamma\": [1]}}", "gamma2.gamma" },
    { HEAD "\"params\": {\"gamma.gamma\": [1], \"gamma.gamma\": [1]}}", "\"gamma.gamma\" twice" },
    { HEAD "\"params\": {\"gamma.gamma\": [1], \"Gamma.gamma\": [1]}}", "Gamma.gamma" },
    { HEAD "\"params\": {\"gamma.gamma\": [1], \"clip\": [1]}}", "clip" },
    { HEAD "\"params\": {\"gamma.gamma\": [1], \"white_balance.gain\": 1}}", "is not an array" },
    { HEAD "\"params\": {\"gamma.gamma\": [1], \"white_balance.gain\": [1, 1]}}",
      "\"white_balance.gain\" has 2 values, not 3" },
    { HEAD "\"params\": {\"gamma.gamma\": [1], \"white_balance.gain\": [1, 1, 1, 1]}}",
      "has 4 values, not 3" },
    { HEAD "\"params\": {\"gamma.gamma\": [1], \"white_balance.gain\": [1, \"1\", 1]}}",
      "\"white_balance.gain\" [1] is not a number" },
    { HEAD "\"params\": {\"gamma.gamma\": [1], \"white_balance.gain\": [1, 1, [1]]}}",
      "[2] is not a number" },
    { HEAD "\"params\": {\"gamma.gamma\": [1], \"white_balance.gain\": [1, 1, 1e999]}}",
      "[2] is beyond" },
    { HEAD "\"params\": {\"gamma.gamma\": [1], \"white_balance.gain\": [1, -1e39, 1]}}",
      "[1] is beyond f32" },
};

START_TEST(bad_parameters_are_named_and_nothing_is_written) {
    l2l_plan *plan = preset("lens2logit");
    float values[132], before[132];
    l2l_tensor params = l2l_vector(values, L2L_F32, 132);
    for (int i = 0; i < 132; i++) values[i] = before[i] = (float)i;
    for (size_t i = 0; i < sizeof bad_params / sizeof bad_params[0]; i++) {
        const char *text = bad_params[i].text;
        ck_assert_msg(l2l_params_from_json(context, plan, text, strlen(text), &params) ==
                          L2L_BAD_DATA,
                      "%s", text);
        ck_assert_msg(strstr(l2l_context_error(context), bad_params[i].named), "%s: %s", text,
                      l2l_context_error(context));
        ck_assert_mem_eq(values, before, sizeof values);
    }
    l2l_plan_destroy(plan);
}
END_TEST

int main(void) {
    const TTest *const tests[] = { bad_plans_are_named,
                                   two_additives_are_unsupported,
                                   every_cut_is_refused,
                                   damage_is_survived,
                                   hostile_texts_are_survived,
                                   parameters_are_set_by_name,
                                   bad_parameters_are_named_and_nothing_is_written,
                                   NULL };
    return run_tests("json_bad", tests);
}
