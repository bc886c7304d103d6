"""What a problem document holds."""

from libs.common.errors import InvalidTransition
from libs.common.http.problems import problem_body


def test_what_an_error_says_of_itself_never_takes_the_place_of_a_standard_member() -> None:
    error = InvalidTransition(
        "The deal is won.", status="won", type="deal", title="Mine", current_status="won"
    )
    body = problem_body("crm", error, instance="/deals/1", request_id="r-1")
    assert body == {
        "type": "urn:pillars:problem:crm:invalid-transition",
        "slug": "invalid-transition",
        "title": "Not possible in this state",
        "status": 409,
        "detail": "The deal is won.",
        "instance": "/deals/1",
        "request_id": "r-1",
        "current_status": "won",
    }
