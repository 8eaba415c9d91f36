"""A value stays data wherever a script puts it: no shell reads a part of it as script."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait_shell.quoting import VALUE, Place, places, quoted

NASTY = 'it\'s $(touch pwned) `touch pwned` "${HOME}" \\ ; touch pwned & * # \n end'

texts = st.text(st.characters(exclude_characters="\0\r", codec="utf-8"))


def echoed(script: str, value: str, directory: Path) -> str:
    """What the shell prints for *script*, with *value* put in where it is left out."""
    [place] = places(script)
    filled = script.replace(VALUE, quoted([value], place))
    return subprocess.run(["/bin/sh"], input=filled, cwd=directory, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    "script",
    [
        f"printf %s {VALUE}",
        f"printf %s '{VALUE}'",
        f'printf %s "{VALUE}"',
        f'printf %s "$(printf %s {VALUE})"',
        f'printf %s "$(printf %s "{VALUE}")"',
        f"printf %s $(: ')' '(')'{VALUE}'",
        f"# don't\nprintf %s {VALUE}",
        f"printf %s \\'\nprintf %s {VALUE}",
        f"cat <<END\ndon't\nEND\nprintf %s {VALUE}",
        f"cat <<-'END'\n\tdon't\n\tEND\nprintf %s \"{VALUE}\"",
        f'printf %s "${{none:-"it"}}"\nprintf %s {VALUE}',
        f"printf %s $((1 << 2))\nprintf %s {VALUE}",
        f"printf %s $#\nprintf %s {VALUE}",
        f"printf %s ${{none:-'}}'}} {VALUE}",
        f"case a in a) printf %s {VALUE} ;; esac",
        f'printf %s "$(( (1) ))"\nprintf %s {VALUE}',
    ],
)
def test_shell_sees_the_value_as_it_is(script: str, tmp_path: Path) -> None:
    """Whatever surrounds it, and whatever quotes came before."""
    printed = echoed(script, NASTY, tmp_path)

    assert printed.endswith(NASTY)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("script", [f"printf %s {VALUE}", f"printf %s '{VALUE}'", f'printf %s "{VALUE}"'])
def test_any_text_survives_any_quotes(script: str, tmp_path: Path) -> None:
    """For texts that nobody thought of."""

    @given(texts)
    def survives(value: str) -> None:
        assert echoed(script, value, tmp_path) == value

    survives()


@pytest.mark.parametrize(
    ("script", "place"),
    [
        (f"a {VALUE} b", Place.WORD),
        (f"a{VALUE}#b", Place.WORD),
        (f'a "b {VALUE}"', Place.DOUBLE),
        (f"a 'b {VALUE}'", Place.SINGLE),
        (f"a # b '{VALUE}", Place.COMMENT),
        (f"a `b {VALUE}`", Place.BACKTICKS),
        (f'a "${{b:-{VALUE}}}"', Place.BRACES),
        (f"a $((1 + {VALUE}))", Place.ARITHMETIC),
        (f"((n = {VALUE}))", Place.ARITHMETIC),
        (f"a $'b {VALUE}'", Place.ESCAPES),
        (f"a <<END\n{VALUE}\nEND", Place.HERE_DOCUMENT),
        (f'a <<-"END"\n\t{VALUE}\n\tEND', Place.HERE_DOCUMENT),
        (f"a <<< {VALUE}", Place.WORD),
        (f"a <<ONE <<TWO\nONE\n{VALUE}\nTWO", Place.HERE_DOCUMENT),
        (f'a "$(( ((1)) + {VALUE} ))"', Place.ARITHMETIC),
        (f'a "$(case b in b) c {VALUE} ;; esac)"', Place.UNKNOWN),
        (f"""a "${{b:-it's}}" {VALUE}""", Place.UNKNOWN),
        (f"a \\{VALUE}", Place.UNKNOWN),
    ],
)
def test_place_of_a_value_is_known(script: str, place: Place) -> None:
    """Each place has rules of its own."""
    assert places(script) == [place]


def test_list_is_as_many_words_as_it_has_items() -> None:
    """Outside of quotes; inside they are one text."""
    words = ["a b", "c"]

    assert quoted(words, Place.WORD) == "'a b' c"
    assert quoted(words, Place.DOUBLE) == "a b c"
    assert quoted([], Place.WORD) == ""
