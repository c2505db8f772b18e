// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "s3/fault.h"

#include <stdio.h>
#include <stdlib.h>

#define ERROR_XML(code) "<Error><Code>" code "</Code><Message>why</Message></Error>"

static struct fault
fault_of(int http_status, const char *body)
{
    struct fault fault;

    fault_read(&fault, http_status, bytes_of(body));
    return fault;
}

static void
an_error_body_is_taken_apart(void **state)
{
    struct fault fault = fault_of(
        301, "<?xml version=\"1.0\"?><Error><Code>PermanentRedirect</Code><Message>go\nthere"
             "</Message><Endpoint>b.s3-eu-west-1.amazonaws.com</Endpoint>"
             "<Region>eu-west-1</Region></Error>");

    (void) state;
    assert_int_equal(fault.http_status, 301);
    assert_string_equal(fault.code, "PermanentRedirect");
    assert_string_equal(fault.message, "go there");
    assert_string_equal(fault.region, "eu-west-1");
    assert_string_equal(fault.endpoint, "b.s3-eu-west-1.amazonaws.com");
}

static void
only_a_whole_no_such_key_is_not_found(void **state)
{
    static const struct
    {
        const char *name;
        int http_status;
        const char *body;
        enum status want;
    } cases[] = {
        {"the service says so", 404, ERROR_XML("NoSuchKey"), STATUS_NOT_FOUND},
        {"the bucket is missing", 404, ERROR_XML("NoSuchBucket"), STATUS_CONFIG},
        {"a code we do not know", 404, ERROR_XML("NoSuchThing"), STATUS_CONFIG},
        {"a bare 404, as HEAD gives", 404, "", STATUS_CONFIG},
        {"a proxy's page", 404, "<html><h1>404 Not Found</h1></html>", STATUS_CONFIG},
        {"a proxy's broken page", 404, "<html><h1>NoSuchKey", STATUS_CONFIG},
        {"JSON", 404, "{\"Code\": \"NoSuchKey\"}", STATUS_CONFIG},
        {"cut off", 404, "<Error><Code>NoSuchKey</Code><Mess", STATUS_CONFIG},
        {"not in an Error", 404, "<Reply><Code>NoSuchKey</Code></Reply>", STATUS_CONFIG},
    };

    (void) state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        struct fault fault = fault_of(cases[index].http_status, cases[index].body);

        if (fault_status(&fault) != cases[index].want)
            fail_msg("%s: %s", cases[index].name, status_name(fault_status(&fault)));
    }
}

static void
a_page_that_is_no_error_document_is_said_to_be_none(void **state)
{
    static const char *const bodies[] = {"<html><h1>404</h1></html>", "<html><h1>404", "404"};

    (void) state;
    for (size_t index = 0; index < sizeof(bodies) / sizeof(bodies[0]); index++)
    {
        struct fault fault = fault_of(404, bodies[index]);

        assert_string_equal(fault.code, "");
        assert_non_null(strstr(fault.message, "not in the form of an S3 service"));
    }
}

static void
each_fault_has_its_action_and_status(void **state)
{
    static const struct
    {
        int http_status;
        const char *body;
        enum fault_action action;
        enum status status;
    } cases[] = {
        {429, "", FAULT_RETRY, STATUS_TRANSIENT},
        {500, ERROR_XML("InternalError"), FAULT_RETRY, STATUS_TRANSIENT},
        {502, "<html>bad gateway</html>", FAULT_RETRY, STATUS_TRANSIENT},
        {503, ERROR_XML("SlowDown"), FAULT_RETRY, STATUS_TRANSIENT},
        {503, "", FAULT_RETRY, STATUS_TRANSIENT},
        {504, "", FAULT_RETRY, STATUS_TRANSIENT},
        {522, "", FAULT_RETRY, STATUS_TRANSIENT},
        {400, ERROR_XML("RequestTimeout"), FAULT_RETRY, STATUS_TRANSIENT},
        {400, ERROR_XML("IncompleteBody"), FAULT_RETRY, STATUS_TRANSIENT},
        {400, ERROR_XML("BadDigest"), FAULT_RETRY, STATUS_TRANSIENT},
        {409, ERROR_XML("ConditionalRequestConflict"), FAULT_RETRY, STATUS_TRANSIENT},
        {409, ERROR_XML("OperationAborted"), FAULT_RETRY, STATUS_TRANSIENT},
        {403, ERROR_XML("RequestTimeTooSkewed"), FAULT_CORRECT_CLOCK, STATUS_DENIED},
        {400, ERROR_XML("ExpiredToken"), FAULT_REFRESH_CREDENTIALS, STATUS_DENIED},
        {403, ERROR_XML("TokenRefreshRequired"), FAULT_REFRESH_CREDENTIALS, STATUS_DENIED},
        {400, "", FAULT_REFRESH_CREDENTIALS, STATUS_IO},
        {301, ERROR_XML("PermanentRedirect"), FAULT_OTHER_REGION, STATUS_CONFIG},
        {301, "", FAULT_OTHER_REGION, STATUS_CONFIG},
        {307, ERROR_XML("TemporaryRedirect"), FAULT_OTHER_REGION, STATUS_CONFIG},
        {400, ERROR_XML("AuthorizationHeaderMalformed"), FAULT_OTHER_REGION, STATUS_CONFIG},
        {403, ERROR_XML("AccessDenied"), FAULT_GIVE_UP, STATUS_DENIED},
        {403, ERROR_XML("SignatureDoesNotMatch"), FAULT_GIVE_UP, STATUS_DENIED},
        {403, "<html>forbidden</html>", FAULT_GIVE_UP, STATUS_DENIED},
        {401, ERROR_XML("Unauthorized"), FAULT_GIVE_UP, STATUS_DENIED},
        {412, ERROR_XML("PreconditionFailed"), FAULT_GIVE_UP, STATUS_CONFLICT},
        {412, "", FAULT_GIVE_UP, STATUS_CONFLICT},
        {416, ERROR_XML("InvalidRange"), FAULT_GIVE_UP, STATUS_CORRUPT},
        {501, ERROR_XML("NotImplemented"), FAULT_GIVE_UP, STATUS_UNSUPPORTED},
        {405, ERROR_XML("MethodNotAllowed"), FAULT_GIVE_UP, STATUS_UNSUPPORTED},
        {507, "", FAULT_GIVE_UP, STATUS_IO},
        {400, ERROR_XML("InvalidArgument"), FAULT_GIVE_UP, STATUS_IO},
    };

    (void) state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        struct fault fault = fault_of(cases[index].http_status, cases[index].body);

        if (fault_action(&fault, 0) != cases[index].action ||
            fault_status(&fault) != cases[index].status)
            fail_msg("%d %s: action %d, status %s", cases[index].http_status, cases[index].body,
                     (int) fault_action(&fault, 0), status_name(fault_status(&fault)));
    }
}

static void
a_bare_403_with_a_far_clock_is_a_skewed_one(void **state)
{
    struct fault fault = fault_of(403, "");

    (void) state;
    assert_int_equal(fault_action(&fault, 20 * 60 * US_PER_SECOND), FAULT_CORRECT_CLOCK);
    assert_int_equal(fault_action(&fault, -20 * 60 * US_PER_SECOND), FAULT_CORRECT_CLOCK);
    assert_int_equal(fault_action(&fault, 60 * US_PER_SECOND), FAULT_GIVE_UP);
}

static void
an_error_inside_a_success_counts_as_what_it_says(void **state)
{
    static const struct
    {
        const char *body;
        int http_status;
        enum fault_action action;
    } cases[] = {
        {ERROR_XML("InternalError"), 500, FAULT_RETRY},
        {ERROR_XML("SlowDown"), 503, FAULT_RETRY},
        {ERROR_XML("NewTrouble"), 500, FAULT_RETRY},
        {"  \n<?xml version=\"1.0\"?>" ERROR_XML("PreconditionFailed"), 412, FAULT_GIVE_UP},
        {ERROR_XML("AccessDenied"), 403, FAULT_GIVE_UP},
    };
    struct error err = {0};

    (void) state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        struct fault fault;
        bool found = false;

        assert_ok(fault_in_success(&fault, bytes_of(cases[index].body), "Result", &found, &err));
        assert_true(found);
        assert_int_equal(fault.http_status, cases[index].http_status);
        assert_int_equal(fault_action(&fault, 0), cases[index].action);
    }
}

static void
a_success_is_whole_or_it_is_none(void **state)
{
    struct fault fault;
    struct error err = {0};
    bool found = true;

    (void) state;
    assert_ok(fault_in_success(&fault, BYTES("<Result><ETag/></Result>"), "Result", &found, &err));
    assert_false(found);
    assert_status(fault_in_success(&fault, BYTES("<Result><ETag/></Res"), "Result", &found, &err),
                  STATUS_TRANSIENT);
    assert_message("cut off");
    assert_status(fault_in_success(&fault, BYTES("<html></html>"), "Result", &found, &err),
                  STATUS_TRANSIENT);
    assert_message("expected the reply to be a Result, found html");
    assert_status(fault_in_success(&fault, BYTES(""), "Result", &found, &err), STATUS_TRANSIENT);
}

static void
hints_name_the_fix(void **state)
{
    struct fault fault = fault_of(404, ERROR_XML("NoSuchBucket"));

    (void) state;
    assert_non_null(strstr(fault_hint(&fault), "Create the bucket"));
    fault = fault_of(403, "<html></html>");
    assert_non_null(strstr(fault_hint(&fault), "credentials"));
    fault = fault_of(404, "<html></html>");
    assert_non_null(strstr(fault_hint(&fault), "endpoint"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_body_is_taken_apart),
        cmocka_unit_test(only_a_whole_no_such_key_is_not_found),
        cmocka_unit_test(a_page_that_is_no_error_document_is_said_to_be_none),
        cmocka_unit_test(each_fault_has_its_action_and_status),
        cmocka_unit_test(a_bare_403_with_a_far_clock_is_a_skewed_one),
        cmocka_unit_test(an_error_inside_a_success_counts_as_what_it_says),
        cmocka_unit_test(a_success_is_whole_or_it_is_none),
        cmocka_unit_test(hints_name_the_fix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
