"""The contract of `RunStore` about logs, on every implementation."""


def test_log_lines_are_numbered_on_and_visible_to_everybody_at_once(medium, store, make_line):
    reader = medium.open()
    store.append_log("a", [make_line("one"), make_line("two", "stderr")])
    store.append_log("b", [make_line("other run", "info")])
    store.append_log("a", [make_line("three ☃\x00")])
    store.append_log("a", [])
    lines = reader.read_log("a")
    assert [(line.seq, line.stream, line.text) for line in lines] == [
        (1, "stdout", "one"),
        (2, "stderr", "two"),
        (3, "stdout", "three ☃\x00"),
    ]
    assert (lines[0].reference, lines[0].entry, lines[0].attempt) == ("/do/0/build/run", 1, 2)
    assert lines[0].at < lines[1].at
    assert reader.read_log("c") == []


def test_log_lines_are_read_in_pieces(store, make_line):
    store.append_log("a", [make_line(str(number)) for number in range(1, 11)])
    assert [line.seq for line in store.read_log("a", after_seq=4, limit=3)] == [5, 6, 7]
    assert [line.seq for line in store.read_log("a", after_seq=9)] == [10]
    assert store.read_log("a", after_seq=10) == []


def test_log_lines_are_read_backwards_in_pieces(store, make_line):
    store.append_log("a", [make_line(str(number)) for number in range(1, 11)])
    store.append_log("b", [make_line("other run")])
    assert [line.seq for line in store.read_log("a", before_seq=8, limit=3)] == [5, 6, 7]
    assert [line.text for line in store.read_log("a", before_seq=2**53, limit=2)] == ["9", "10"]
    assert [line.seq for line in store.read_log("a", before_seq=3, limit=5)] == [1, 2]
    assert store.read_log("a", before_seq=1) == store.read_log("a", before_seq=0) == []


def test_two_stores_number_the_lines_of_one_run_without_a_clash(medium, store, make_line):
    other = medium.open()
    store.append_log("a", [make_line("one")])
    other.append_log("a", [make_line("two")])
    store.append_log("a", [make_line("three")])
    assert [(line.seq, line.text) for line in store.read_log("a")] == [(1, "one"), (2, "two"), (3, "three")]
