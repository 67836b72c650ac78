"""RFC 7396: the table of appendix A, and the example of section 3."""

import copy
import json

import pytest

from domain.contexts.changes import plan_change
from domain.contexts.patches import apply_patch, parse_patch
from domain.values import identical

TABLE = [
    ('{"a":"b"}', '{"a":"c"}', '{"a":"c"}'),
    ('{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'),
    ('{"a":"b"}', '{"a":null}', "{}"),
    ('{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'),
    ('{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'),
    ('{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'),
    ('{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'),
    ('{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'),
    ('["a","b"]', '["c","d"]', '["c","d"]'),
    ('{"a":"b"}', '["c"]', '["c"]'),
    ('{"a":"foo"}', "null", "null"),
    ('{"a":"foo"}', '"bar"', '"bar"'),
    ('{"e":null}', '{"a":1}', '{"e":null,"a":1}'),
    ("[1,2]", '{"a":"b","c":null}', '{"a":"b"}'),
    ("{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'),
    (
        '{"title":"Goodbye!","author":{"givenName":"John","familyName":"Doe"},"tags":["example","sample"],'
        '"content":"This will be unchanged"}',
        '{"title":"Hello!","phoneNumber":"+01-123-456-7890","author":{"familyName":null},"tags":["example"]}',
        '{"title":"Hello!","author":{"givenName":"John"},"tags":["example"],"content":"This will be unchanged",'
        '"phoneNumber":"+01-123-456-7890"}',
    ),
]


@pytest.mark.parametrize(("original", "patch", "result"), TABLE)
def test_a_merge_patch_gives_the_rfcs_result(original: str, patch: str, result: str) -> None:
    document = json.loads(original)
    given = copy.deepcopy(document)
    recorded, after = plan_change("mergePatch", given, json.loads(patch))
    assert identical(after, json.loads(result))
    assert identical(given, document)
    assert identical(apply_patch(document, parse_patch(recorded)), after)
