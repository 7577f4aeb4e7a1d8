"""From a document and parameters to a request, for OpenAPI 3 and Swagger 2."""

from __future__ import annotations

import pytest

from kapell.connectors.http.documents import Document
from kapell.connectors.openapi.call import make_call
from kapell.connectors.openapi.parsing import parse_document
from kapell.connectors.openapi.reading import ApiDescription
from kapell.connectors.openapi.references import Library, list_references
from kapell.sdk import ActivityError

URI = "https://docs.example/api/openapi.yaml"

OPENAPI = """
openapi: 3.1.0
info: {title: Pets, version: '1'}
servers:
  - url: https://{region}.pets.example/{base}/
    variables:
      region: {default: eu}
      base: {default: v1}
paths:
  /pets/{petId}:
    parameters:
      - {name: petId, in: path, required: true, schema: {type: integer}}
      - {name: trace, in: header, schema: {type: string}}
    get:
      operationId: getPet
      parameters:
        - {$ref: '#/components/parameters/Fields'}
        - {name: trace, in: header, required: true, schema: {type: string}}
        - {name: session, in: cookie, schema: {type: string}}
      responses:
        '200': {content: {application/json: {}}}
    put:
      operationId: replacePet
      servers: [{url: /internal}]
      requestBody:
        required: true
        content:
          application/xml: {schema: {$ref: '#/components/schemas/Pet'}}
          application/json: {schema: {$ref: '#/components/schemas/Pet'}}
    patch:
      operationId: patchPet
      requestBody:
        content:
          application/merge-patch+json: {schema: {type: object}}
  /pets:
    post:
      operationId: addPets
      requestBody:
        required: true
        content:
          application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Pet'}}}
  /issues:
    post:
      operationId: addIssue
      requestBody:
        content:
          application/json:
            schema: {type: object, properties: {title: {type: string}, body: {type: string}}}
  /photos:
    post:
      operationId: addPhoto
      requestBody:
        content:
          multipart/form-data:
            schema: {type: object, properties: {name: {}, photo: {type: string, format: binary}}}
components:
  parameters:
    Fields: {name: fields, in: query, explode: false, schema: {type: array}}
  schemas:
    Pet:
      allOf:
        - {$ref: '#/components/schemas/Animal'}
        - {type: object, properties: {name: {type: string}, parent: {$ref: '#/components/schemas/Pet'}}}
    Animal: {type: object, properties: {kind: {type: string}}}
"""

SWAGGER = """
swagger: '2.0'
host: petstore.example
basePath: /v2
schemes: [http, https]
consumes: [application/json]
produces: [application/xml, application/json]
paths:
  /pet/findByStatus:
    get:
      operationId: findPetsByStatus
      parameters:
        - {name: status, in: query, required: true, type: array, collectionFormat: multi}
        - {name: tags, in: query, type: array, collectionFormat: pipes}
        - {name: api_key, in: header, type: string}
  /pet:
    post:
      operationId: addPet
      parameters:
        - {name: pet, in: body, required: true, schema: {$ref: '#/definitions/Pet'}}
  /pet/{petId}/form:
    post:
      operationId: updatePet
      consumes: [application/x-www-form-urlencoded]
      parameters:
        - {name: petId, in: path, required: true, type: integer}
        - {name: name, in: formData, type: string}
  /pet/{petId}/image:
    post:
      operationId: uploadFile
      consumes: [multipart/form-data]
      parameters:
        - {name: petId, in: path, required: true, type: integer}
        - {name: file, in: formData, type: file}
        - {name: note, in: formData, type: string}
definitions:
  Pet: {type: object, properties: {id: {type: integer}, name: {type: string}}}
"""


def describe(text, uri=URI, others=None):
    document = parse_document(Document(uri=uri, body=text.encode()))
    return ApiDescription(uri, Library({uri: document, **(others or {})}), document)


def call(text, operation_id, _policy=None, **parameters):
    return make_call(describe(text).get_operation(operation_id), parameters, _policy, "key-1")


def test_parameters_go_where_they_are_declared():
    made = call(OPENAPI, "getPet", petId=7, fields=["a b", "c"], trace="t-1", session="s")
    assert made.method == "GET"
    assert made.uri == "https://eu.pets.example/v1/pets/7?fields=a%20b,c"
    assert made.headers == {"trace": "t-1", "Cookie": "session=s", "Accept": "application/json"}
    assert made.body is None


def test_server_variables_can_be_given():
    assert call(OPENAPI, "getPet", petId=7, trace="t", region="us").uri == "https://us.pets.example/v1/pets/7"


def test_the_operations_parameters_and_servers_win():
    with pytest.raises(ActivityError, match="trace"):
        call(OPENAPI, "getPet", petId=7)
    assert call(OPENAPI, "replacePet", petId=7, name="x").uri == "https://docs.example/internal/pets/7"


def test_what_is_not_declared_is_a_property_of_the_body():
    made = call(OPENAPI, "replacePet", petId=7, name="milou", kind="dog", trace=None)
    assert (made.body, made.headers) == (b'{"name":"milou","kind":"dog"}', {"Content-Type": "application/json"})


def test_the_body_can_be_given_whole():
    assert call(OPENAPI, "replacePet", petId=7, body={"any": 1}).body == b'{"any":1}'
    assert call(OPENAPI, "addPets", body=[{"name": "a"}]).body == b'[{"name":"a"}]'


def test_a_property_called_body_is_a_property():
    assert call(OPENAPI, "addIssue", title="t", body="text").body == b'{"title":"t","body":"text"}'


def test_an_open_schema_takes_any_property():
    made = call(OPENAPI, "patchPet", petId=1, anything={"x": 1})
    assert (made.body, made.headers["Content-Type"]) == (b'{"anything":{"x":1}}', "application/merge-patch+json")
    assert made.headers["Idempotency-Key"] == "key-1"


def test_multipart_with_a_file():
    made = call(OPENAPI, "addPhoto", name="n", photo={"filename": "p.png", "base64": "AAE="})
    assert b'name="photo"; filename="p.png"' in made.body
    assert b"\x00\x01" in made.body
    assert made.headers["Content-Type"].startswith("multipart/form-data; boundary=")


def test_authentication_is_sent():
    made = call(OPENAPI, "getPet", {"bearer": {"token": "abc"}}, petId=1, trace="t")
    assert made.headers["Authorization"] == "Bearer abc"


@pytest.mark.parametrize(
    ("operation_id", "parameters", "said"),
    [
        ("getPets", {}, "Did you mean 'getPet'"),
        ("nothingLikeIt", {}, "no operation 'nothingLikeIt'"),
        ("getPet", {}, "petId, trace"),
        ("getPet", {"petId": 1, "trace": "t", "feilds": []}, "did you mean 'fields'"),
        ("replacePet", {"petId": 1, "nmae": "x"}, "did you mean 'name'"),
        ("replacePet", {"petId": 1}, "needs a body"),
        ("addPets", {}, "needs a body: give it as the parameter 'body'"),
        ("addPets", {"name": "x"}, "no parameter 'name'; it has base, body"),
    ],
)
def test_mistakes_are_validation_errors_with_a_hint(operation_id, parameters, said):
    with pytest.raises(ActivityError, match=said) as caught:
        call(OPENAPI, operation_id, **parameters)
    assert (caught.value.type, caught.value.status) == ("validation", 400)


@pytest.mark.parametrize("value", ["a\r\nX: y", ["ok", "\n"]])
def test_a_header_parameter_cannot_inject(value):
    with pytest.raises(ActivityError, match="line break"):
        call(OPENAPI, "getPet", petId=1, trace=value)


def test_swagger_queries_and_servers():
    made = call(SWAGGER, "findPetsByStatus", status=["available", "sold"], tags=["a", "b"], api_key="k")
    assert made.uri == "https://petstore.example/v2/pet/findByStatus?status=available&status=sold&tags=a%7Cb"
    assert made.headers == {"api_key": "k", "Accept": "application/json"}


def test_a_single_value_for_a_list_is_sent_as_it_is():
    assert call(SWAGGER, "findPetsByStatus", status="available").uri.endswith("?status=available")


def test_swagger_bodies_whole_and_by_property():
    expected = b'{"id":1,"name":"milou"}'
    assert call(SWAGGER, "addPet", pet={"id": 1, "name": "milou"}).body == expected
    assert call(SWAGGER, "addPet", id=1, name="milou").body == expected


def test_swagger_forms_and_files():
    made = call(SWAGGER, "updatePet", petId=3, name="a b")
    assert (made.uri, made.body) == ("https://petstore.example/v2/pet/3/form", b"name=a+b")
    assert made.headers["Content-Type"] == "application/x-www-form-urlencoded"
    made = call(SWAGGER, "uploadFile", petId=3, file="the text", note="n")
    assert b'name="file"; filename="file"' in made.body
    assert b"the text" in made.body


def test_a_swagger_document_without_a_host_is_served_where_it_lies():
    text = SWAGGER.replace("host: petstore.example", "").replace("schemes: [http, https]", "")
    assert call(text, "addPet", pet={}).uri == "https://docs.example/v2/pet"


@pytest.mark.parametrize("text", ["openapi: 2.9.0", "swagger: '1.2'", "[]", "a: 1", "just text"])
def test_other_documents_are_refused(text):
    with pytest.raises(ActivityError, match="is not an OpenAPI") as caught:
        describe(text)
    assert caught.value.type == "configuration"


@pytest.mark.parametrize("text", ["{", "a: [", "a: 1\na: 2", "\ta", "{" * 5000])
def test_what_is_neither_json_nor_yaml_is_refused(text):
    with pytest.raises(ActivityError, match="neither JSON nor YAML"):
        describe(text)


def test_an_operation_without_a_server_is_refused():
    text = "openapi: 3.0.0\npaths: {/a: {get: {operationId: a}}}"
    description = describe(text, uri="file:///api.yaml")
    with pytest.raises(ActivityError, match="no server"):
        description.get_operation("a")


REFERRING = """
openapi: 3.0.0
servers: [{url: https://pets.example}]
paths:
  /pets: {$ref: 'paths/pets.yaml#/all'}
  /circle: {$ref: '#/paths/~1round'}
  /round: {$ref: '#/paths/~1circle'}
"""


def test_references_lead_to_other_files_and_back():
    pets = {
        "all": {
            "get": {"operationId": "listPets", "parameters": [{"$ref": "../common.yaml#/limit"}]},
            "parameters": [{"$ref": "#/page"}],
        },
        "page": {"name": "page", "in": "query"},
    }
    common = {"limit": {"name": "limit", "in": "query"}}
    base = "https://docs.example/api/"
    others = {base + "paths/pets.yaml": pets, base + "common.yaml": common}
    assert list_references(base + "paths/pets.yaml", pets) == [base + "common.yaml"]
    text = REFERRING.replace("  /circle: {$ref: '#/paths/~1round'}\n", "")
    text = text.replace("  /round: {$ref: '#/paths/~1circle'}\n", "")
    operation = describe(text, others=others).get_operation("listPets")
    assert sorted(parameter.name for parameter in operation.parameters) == ["limit", "page"]


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("#/paths/~1round", "back to itself"),
        ("#/nowhere", "leads to nothing"),
        ("https://other.example/x", "another server"),
    ],
)
def test_references_that_lead_nowhere_are_refused(target, said):
    text = REFERRING.replace("'paths/pets.yaml#/all'", "'#/x'").replace("'#/paths/~1round'", f"'{target}'", 1)
    text = text.replace("  /pets: {$ref: '#/x'}\n", "")
    with pytest.raises(ActivityError, match=said):
        describe(text).get_operation("any")


def test_references_to_other_servers_are_not_fetched():
    assert list_references(URI, {"$ref": "https://other.example/x"}) == []


def test_a_yaml_bomb_is_walked_once():
    lines = ["a0: &a0 {$ref: other.yaml}"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 40)]
    bomb = parse_document(Document(uri=URI, body="\n".join(lines).encode()))
    assert list_references(URI, bomb) == ["https://docs.example/api/other.yaml"]
