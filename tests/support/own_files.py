"""Settings files of a wearer: with comments everywhere, in every way that TOML allows."""

from hypothesis import strategies as st

from monitor.config.editing import Change, as_toml

words = st.text("abc_é #[]='\"\\", min_size=1, max_size=5)
bare = st.sampled_from(["a", "b", "band", "x-1", "limit"])
values = (
    st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
)
changes_made = st.lists(
    st.builds(
        Change,
        st.sampled_from(["p", "q"]) | st.builds("{}.{}".format, bare, st.sampled_from(["p", "q"])),
        values,
        alert=st.just("") | words,
        profile=st.just("") | words,
    ),
    min_size=1,
    max_size=4,
)


ODD = ["1", '"x # y"', "[1, 2]", "[\n 1, # ]\n]", '"""\n[z]\n"""', "'''\\'''", "{a = 1}"]


@st.composite
def own_files(draw):
    """A file with comments everywhere; its keys r0, r1, … are named by no change."""

    def remark():
        return f"# note {draw(words)}" if draw(st.booleans()) else ""

    def keys():
        odd = draw(st.lists(st.sampled_from(ODD), max_size=3))
        lines = [f"r{i} = {value} {remark()}\n{remark()}" for i, value in enumerate(odd)]
        return [*lines, *draw(st.lists(st.sampled_from(["p = 1", "q = 'a'  # note q"]), max_size=1))]

    lines = [remark(), *keys()]
    for name in draw(st.lists(bare, unique=True, max_size=3)):
        lines += [remark(), f"[{name}] {remark()}", *keys()]
    for array in ("alert", "profile"):
        for name in draw(st.lists(words, unique=True, max_size=2)):
            lines += [remark(), f"[[{array}]]", as_toml([Change("name", name)]), *keys()]
            if array == "profile" and draw(st.booleans()):
                lines += [remark(), "[profile.band]", *keys()]
            if array == "profile" and draw(st.booleans()):
                lines += ["[[profile.alert]]", as_toml([Change("name", draw(words))]), *keys(), remark()]
    return "\n".join([*lines, ""]).replace("\n", draw(st.sampled_from(["\n", "\r\n"])))
