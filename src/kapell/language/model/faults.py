"""How errors are caught and tried again (dsl-reference, Catch, Retry)."""

from typing import TYPE_CHECKING, Annotated, ClassVar

from kapell.language.model.base import Record
from kapell.language.model.data import Duration
from kapell.language.shapes import ExactlyOne, Expression, Named, NonEmpty, Rule

if TYPE_CHECKING:
    from kapell.language.model.tasks import NamedTask


class BackoffParameters(Record, frozen=True, kw_only=True):
    """How a delay grows; the specification leaves the parameters open (decision 10)."""

    OPEN: ClassVar[bool] = True

    factor: Annotated[float | None, "By what an exponential delay is multiplied each time; 2 unless written."] = None
    max_delay: Annotated[Duration | None, "The longest delay."] = None


class Backoff(Record, frozen=True, kw_only=True):
    """How the delay grows from retry to retry (decision 10)."""

    RULES: ClassVar[tuple[Rule, ...]] = (ExactlyOne(("constant", "exponential", "linear")),)

    constant: Annotated[BackoffParameters | None, "The delay stays the same."] = None
    exponential: Annotated[BackoffParameters | None, "The delay is doubled each time."] = None
    linear: Annotated[BackoffParameters | None, "The delay grows by itself each time."] = None


class AttemptLimit(Record, frozen=True, kw_only=True):
    """How often it is tried again, and how long each try may take."""

    count: Annotated[int | None, "How many retries there are, the first try not counted (decision 9)."] = None
    duration: Annotated[Duration | None, "How long each retry may take."] = None


class RetryLimit(Record, frozen=True, kw_only=True):
    """When it is no longer tried again."""

    attempt: Annotated[AttemptLimit | None, "The limits of the retries."] = None
    duration: Annotated[Duration | None, "How long all the tries together may take."] = None


class Jitter(Record, frozen=True, kw_only=True):
    """A chance length that is added to the delay."""

    from_: Annotated[Duration, "The least length."]
    to: Annotated[Duration, "The greatest length."]


class RetryPolicy(Record, frozen=True, kw_only=True):
    """When and how it is tried again (dsl-reference, Retry)."""

    when: Annotated[Expression | None, "It is tried again only if this holds."] = None
    except_when: Annotated[Expression | None, "It is not tried again if this holds."] = None
    delay: Annotated[Duration | None, "How long to wait before a retry."] = None
    backoff: Annotated[Backoff | None, "How the delay grows."] = None
    limit: Annotated[RetryLimit | None, "When to give up."] = None
    jitter: Annotated[Jitter | None, "A chance length that is added to the delay."] = None


class ErrorFilter(Record, frozen=True, kw_only=True):
    """Which errors are caught: each member that is written must be equal."""

    OPEN: ClassVar[bool] = True

    type: Annotated[str | None, "The error's type."] = None
    status: Annotated[int | None, "The error's status."] = None
    instance: Annotated[str | None, "The error's instance."] = None
    title: Annotated[str | None, "The error's title."] = None
    detail: Annotated[str | None, "The error's detail."] = None
    details: Annotated[str | None, "The error's detail; the schema's spelling."] = None


class CatchErrors(Record, frozen=True, kw_only=True):
    """The static filter of a catch."""

    OPEN: ClassVar[bool] = True

    with_: Annotated[ErrorFilter | None, NonEmpty(), "The members that the error must have."] = None


class Catch(Record, frozen=True, kw_only=True):
    """Which errors are caught, and what is done then."""

    errors: Annotated[CatchErrors | None, "Which errors are caught; all, unless written."] = None
    as_: Annotated[str, "The variable that holds the error."] = "error"
    when: Annotated[Expression | None, "The error is caught only if this holds."] = None
    except_when: Annotated[Expression | None, "The error is not caught if this holds."] = None
    retry: Annotated[RetryPolicy | str | None, "When to try again, or the name of a policy in `use.retries`."] = None
    do: Annotated[tuple["NamedTask", ...] | None, Named("task"), "The tasks to perform when an error is caught."] = None
    then: Annotated[str | None, "Where to go on after an error; ahead of the specification."] = None
