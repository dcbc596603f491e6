"""The key of an endpoint: it goes into one header of a request and nowhere else.

In: the name of an environment variable. Out: what signs requests and strikes the key out of texts.
"""

import os
from typing import TYPE_CHECKING

from proxyreward.data.report import DataError

if TYPE_CHECKING:
    from requests import PreparedRequest

VARIABLE = "OPENAI_API_KEY"
SHORTEST = 8  # a shorter one, such as EMPTY, is a stopgap that local servers ask for, and no secret


class Key:
    """A key that no repr, message or file shows; without one, requests are not signed."""

    __slots__ = ("_secret",)

    def __init__(self, secret: str = "") -> None:
        self._secret = secret

    @classmethod
    def of_environment(cls, name: str | None = None) -> "Key":
        """Read the variable of that name; the default one, `VARIABLE`, may be absent.

        Raises
        ------
        DataError
            If a variable that was named is not set, or holds what no header can.
        """
        secret = os.environ.get(name or VARIABLE, "").strip()
        if name and not secret:
            raise DataError(f"environment: {name} is not set; set it to the key of the endpoint")
        if not all("!" <= sign <= "~" for sign in secret):
            raise DataError(
                f"environment: {name or VARIABLE} holds blanks or signs that no key has; copy the "
                "key again"
            )
        return cls(secret)

    def __call__(self, request: "PreparedRequest") -> "PreparedRequest":
        """Sign a request. As its authentication, this also keeps a .netrc file from being used."""
        if self._secret:
            request.headers["Authorization"] = f"Bearer {self._secret}"
        return request

    def struck_out(self, text: str) -> str:
        """The text without the key, which a server may repeat."""
        return text.replace(self._secret, "[key]") if len(self._secret) >= SHORTEST else text

    def __repr__(self) -> str:
        return "Key(hidden)" if self._secret else "Key()"

    def __reduce__(self) -> str:
        raise TypeError("a key is not to be written")
