"""The master key file: made once, private, and every wrong one refused with advice."""

import stat
import threading

import pytest

from kapell.vault.master_keys import MasterKeyError, open_master_keys


@pytest.fixture
def path(tmp_path):
    return tmp_path / "master.key"


def test_the_first_start_makes_a_private_file_and_the_second_reads_it(path):
    made = open_master_keys(path, may_create=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["master.key"]
    read = open_master_keys(path, may_create=True)
    assert read.current == made.current
    assert len(made.current.secret) == 32


def test_two_installations_have_different_keys(tmp_path):
    keys = [open_master_keys(tmp_path / name, may_create=True).current for name in ("a", "b")]
    assert keys[0].secret != keys[1].secret
    assert keys[0].name != keys[1].name


def test_processes_that_start_together_get_one_key(path):
    names = []
    threads = [
        threading.Thread(target=lambda: names.append(open_master_keys(path, may_create=True).current.name))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names) == 8
    assert len(set(names)) == 1


def test_a_missing_file_is_not_replaced_where_something_was_sealed(path):
    with pytest.raises(MasterKeyError, match="There is no master key file") as caught:
        open_master_keys(path, may_create=False)
    assert "Put back the file" in caught.value.hint
    assert not path.exists()


@pytest.mark.parametrize("mode", [0o604, 0o644, 0o666, 0o620])
def test_a_file_open_to_others_is_refused(path, mode):
    open_master_keys(path, may_create=True)
    path.chmod(mode)
    with pytest.raises(MasterKeyError, match="open to others") as caught:
        open_master_keys(path, may_create=False)
    assert "chmod 600" in caught.value.hint


def test_a_mounted_file_that_its_group_reads_will_do(path):
    made = open_master_keys(path, may_create=True)
    path.chmod(0o440)
    assert open_master_keys(path, may_create=False).current == made.current


@pytest.mark.parametrize("text", ["", "# nothing\n", "not base64!\n", "c2hvcnQ=\n", "\0\1\2\n", "é\n"])
def test_a_file_without_a_key_is_refused(path, text):
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(MasterKeyError, match=r"no key|no master key"):
        open_master_keys(path, may_create=True)


def test_comments_and_empty_lines_are_passed_over(path):
    made = open_master_keys(path, may_create=True)
    path.write_text("# since 2026\n\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert open_master_keys(path, may_create=False).current == made.current


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(MasterKeyError, match="cannot be written"):
        open_master_keys(tmp_path / "missing" / "master.key", may_create=True)


def test_a_folder_in_its_place_cannot_be_read(path):
    path.mkdir()
    with pytest.raises(MasterKeyError, match="cannot be read"):
        open_master_keys(path, may_create=True)


def test_rotation_keeps_the_old_keys_and_puts_the_new_one_first(path):
    keys = open_master_keys(path, may_create=True)
    first = keys.current
    second = keys.rotate()
    assert keys.current == second
    again = open_master_keys(path, may_create=False)
    assert again.names == keys.names == (second.name, first.name)
    assert again.get(first.key_id) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["master.key"]


def test_a_key_is_forgotten_but_never_the_current_one(path):
    keys = open_master_keys(path, may_create=True)
    first = keys.current
    second = keys.rotate()
    with pytest.raises(MasterKeyError, match="in use"):
        keys.forget(second.name)
    keys.forget(first.name)
    assert open_master_keys(path, may_create=False).names == (second.name,)
    with pytest.raises(MasterKeyError, match=first.name):
        keys.get(first.key_id)
    with pytest.raises(MasterKeyError, match="holds no master key"):
        keys.forget(first.name)


def test_keys_of_the_database_that_are_missing_are_named(path):
    keys = open_master_keys(path, may_create=True)
    keys.check_holds(keys.names)
    with pytest.raises(MasterKeyError, match="0123456789abcdef") as caught:
        keys.check_holds([keys.current.name, "0123456789abcdef"])
    assert keys.current.name in caught.value.message


def test_keys_are_not_shown(path):
    keys = open_master_keys(path, may_create=True)
    shown = repr(keys.current) + str(keys.current) + repr(keys) + f"{keys.current}"
    assert keys.current.name in shown
    assert repr(keys.current.secret) not in shown
    assert path.read_text(encoding="utf-8").strip() not in shown
