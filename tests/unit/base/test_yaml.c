// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/yaml.h"

#include <stdio.h>

static void
nodes_remember_where_they_stood(void **state)
{
    (void) state;
    SCOPED(yaml_freep) struct yaml_tree *tree = NULL;
    struct error err = {0};
    const struct yaml_node *section;
    const struct yaml_node *list;

    assert_ok(
        yaml_parse(&tree, BYTES("a: 1\nsection:\n  key:  'value'\n  list: [x, y]\n"), "f", &err));

    section = yaml_child(yaml_root(tree), "section");
    assert_non_null(section);
    assert_int_equal(section->kind, NODE_MAPPING);
    assert_int_equal(section->key_place.line, 2);
    assert_int_equal(section->key_place.column, 1);
    assert_string_equal(yaml_child(section, "key")->text, "value");
    assert_int_equal(yaml_child(section, "key")->place.line, 3);
    assert_int_equal(yaml_child(section, "key")->place.column, 9);
    list = yaml_child(section, "list");
    assert_int_equal(list->kind, NODE_LIST);
    assert_string_equal(list->first_child->text, "x");
    assert_string_equal(list->first_child->next->text, "y");
    assert_null(list->first_child->next->next);
    assert_null(yaml_child(section, "nothing"));
    assert_null(yaml_child(list, "x"));
}

static void
scalars_stay_text_and_only_plain_nulls_are_empty(void **state)
{
    (void) state;
    SCOPED(yaml_freep) struct yaml_tree *tree = NULL;
    struct error err = {0};
    const struct yaml_node *root;

    assert_ok(
        yaml_parse(&tree, BYTES("a: 0123\nb: 'null'\nc: ~\nd:\ne: ''\nf: null\n"), "f", &err));

    root = yaml_root(tree);
    assert_string_equal(yaml_child(root, "a")->text, "0123");
    assert_string_equal(yaml_child(root, "b")->text, "null");
    assert_int_equal(yaml_child(root, "c")->kind, NODE_EMPTY);
    assert_int_equal(yaml_child(root, "d")->kind, NODE_EMPTY);
    assert_string_equal(yaml_child(root, "e")->text, "");
    assert_int_equal(yaml_child(root, "f")->kind, NODE_EMPTY);
}

static void
a_text_without_content_has_an_empty_root(void **state)
{
    (void) state;
    static const char *const texts[] = {"", "\n\n", "# only a comment\n", "---\n"};
    struct error err = {0};

    for (size_t index = 0; index < sizeof(texts) / sizeof(texts[0]); index++)
    {
        SCOPED(yaml_freep) struct yaml_tree *tree = NULL;

        assert_ok(yaml_parse(&tree, bytes_of(texts[index]), "f", &err));
        assert_int_equal(yaml_root(tree)->kind, NODE_EMPTY);
    }
}

static void
what_is_not_supported_is_refused_with_its_place(void **state)
{
    (void) state;
    static const struct
    {
        const char *text;
        const char *want;
    } cases[] = {
        {"a: &x 1\n", "f:1:4: anchors and tags are not supported"},
        {"a: 1\nb: *x\n", "f:2:4: aliases are not supported"},
        {"a: !!int 1\n", "f:1:4: anchors and tags are not supported"},
        {"a: &x {}\n", "f:1:4: anchors and tags are not supported"},
        {"a: !t []\n", "f:1:4: anchors and tags are not supported"},
        {"&k a: 1\n", "f:1:1: anchors and tags are not supported"},
        {"? [a]\n: 1\n", "f:1:3: a key must be text"},
        {"a: 1\n---\nb: 2\n", "f:2:1: a second document begins: only one is allowed"},
        {"a: 1\nb: 2\na: 3\n", "f:3:1: key \"a\" is there already, in line 1"},
        {"s:\n  a: 1\n  a: 2\n", "f:3:3: key \"a\" is there already, in line 2"},
        {"a: \"x\\0y\"\n", "f:1:4: text contains a zero byte"},
        {"a: [1\n", "f:2:1: could not parse YAML: did not find expected ',' or ']'"},
        {"a:\n\tb: 1\n",
         "f:2:1: could not parse YAML: found character that cannot start any token"},
        {"a: 1\n b: 2\n", "f:2:3: could not parse YAML: mapping values are not allowed"},
        {"a: 1\nb: \xff\n", "f:2:4: not YAML text: invalid leading UTF-8 octet"},
        {"[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]", "f:1:18: nested more than 16 deep"},
    };
    struct error err = {0};

    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        SCOPED(yaml_freep) struct yaml_tree *tree = NULL;

        assert_status(yaml_parse(&tree, bytes_of(cases[index].text), "f", &err), STATUS_CONFIG);
        assert_message(cases[index].want);
        assert_null(tree);
    }
}

static void
a_tab_is_named_as_what_is_wrong(void **state)
{
    (void) state;
    SCOPED(yaml_freep) struct yaml_tree *tree = NULL;
    struct error err = {0};

    assert_status(yaml_parse(&tree, BYTES("a:\n\tb: 1\n"), "f", &err), STATUS_CONFIG);

    assert_string_equal(err.hint, "YAML is indented by spaces; tabs are not allowed there.");
}

static void
what_is_too_large_is_refused(void **state)
{
    (void) state;
    SCOPED(yaml_freep) struct yaml_tree *tree = NULL;
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(2 * YAML_SIZE_MAX);
    struct error err = {0};

    for (unsigned index = 0; index <= YAML_NODES_MAX; index++)
        assert_ok(buffer_append(&text, BYTES("- 1\n"), &err));
    assert_status(yaml_parse(&tree, buffer_bytes(&text), "f", &err), STATUS_CONFIG);
    assert_message("f:10000:3: more than 10000 values");

    while (text.size <= YAML_SIZE_MAX)
        assert_ok(buffer_append(&text, BYTES("#\n"), &err));
    assert_status(yaml_parse(&tree, buffer_bytes(&text), "f", &err), STATUS_CONFIG);
    assert_message("are more than the 262144 allowed");
}

static void
a_file_that_is_missing_is_not_found(void **state)
{
    (void) state;
    SCOPED(yaml_freep) struct yaml_tree *tree = NULL;
    struct error err = {0};

    assert_status(yaml_read(&tree, "/nonexistent/file.yaml", &err), STATUS_NOT_FOUND);
    assert_message("\"/nonexistent/file.yaml\"");
}

static void
every_prefix_of_a_document_is_parsed_or_refused(void **state)
{
    (void) state;
    static const char text[] = "a: {b: [1, 'two', \"th\\u00e9\"], c: |\n  block\n  text\n}\nd: x\n";
    struct error err = {0};

    for (size_t size = 0; size < sizeof(text); size++)
    {
        SCOPED(yaml_freep) struct yaml_tree *tree = NULL;
        enum status status =
            yaml_parse(&tree, (struct bytes){(const uint8_t *) text, size}, "f", &err);

        assert_true(status == OK || status == STATUS_CONFIG);
        assert_int_equal(tree != NULL, status == OK);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_remember_where_they_stood),
        cmocka_unit_test(scalars_stay_text_and_only_plain_nulls_are_empty),
        cmocka_unit_test(a_text_without_content_has_an_empty_root),
        cmocka_unit_test(what_is_not_supported_is_refused_with_its_place),
        cmocka_unit_test(a_tab_is_named_as_what_is_wrong),
        cmocka_unit_test(what_is_too_large_is_refused),
        cmocka_unit_test(a_file_that_is_missing_is_not_found),
        cmocka_unit_test(every_prefix_of_a_document_is_parsed_or_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
