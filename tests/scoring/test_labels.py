"""Label files, and what nothing can be learned from."""

import numpy as np
import pytest

from shared.scoring.heads import EMBEDDING, Vectors, normalised
from shared.scoring.labels import Label, LabelsInvalid, read_labels, template
from shared.scoring.training_data import LabelsUnusable, held_out, training_data
from tests.scoring.synthetic import labelled

HEAD = "image_path,group,aesthetic,video_viable,labelled_by,notes\n"


def test_labels_are_read_as_people_write_them() -> None:
    text = HEAD + "a.png,hero,7,yes,anna,fine\nb.png,,2.5,0.25,,\nc.png,,,no,,\nd.png,,,,,\n"
    assert read_labels(text.encode()) == [
        Label("a.png", "hero", 0.7, 1.0),
        Label("b.png", "b.png", 0.25, 0.25),
        Label("c.png", "c.png", None, 0.0),
        Label("d.png", "d.png", None, None),
    ]


def test_a_spreadsheet_with_semicolons_and_decimal_commas_is_read() -> None:
    text = "\ufeffImage_Path;Aesthetic;Video_Viable\r\na.png;7,5;Yes\r\n"
    assert read_labels(text.encode()) == [Label("a.png", "a.png", 0.75, 1.0)]


def test_every_fault_is_told_with_row_and_column() -> None:
    text = HEAD + "a.png,,11,maybe,,\n,,5,yes,,\na.png,,5,nan,,\n"
    with pytest.raises(LabelsInvalid) as caught:
        read_labels(text.encode())
    told = [str(problem) for problem in caught.value.problems]
    assert len(told) == 5
    assert "row 2" in told[0]
    assert "`aesthetic`" in told[0]
    assert any("labelled twice" in each for each in told)


@pytest.mark.parametrize("data", [b"", b"a,b\n1,2\n", b"\xff\xfe\x00", b"image_path\na.png\n"])
def test_what_is_no_label_file_is_refused(data: bytes) -> None:
    with pytest.raises(LabelsInvalid):
        read_labels(data)


def test_a_template_keeps_what_is_filled_in() -> None:
    text, new = template([("a.png", "a"), ("b.png", "b")])
    assert new == 2
    filled = text.replace("a.png,a,,", "a.png,a,9,yes")
    again, new = template([("a.png", "a"), ("c.png", "c")], filled.encode())
    assert new == 1
    assert "a.png,a,9,yes" in again
    assert [each.image_path for each in read_labels(again.encode())] == ["a.png", "b.png", "c.png"]


def _unusable(labels: list[Label], embeddings: dict[str, Vectors]) -> str:
    with pytest.raises(LabelsUnusable) as caught:
        training_data(labels, embeddings)
    return " ".join(map(str, caught.value.problems))


def test_degenerate_data_is_refused_with_every_reason() -> None:
    labels, embeddings = labelled(60)
    one_sided = [Label(x.image_path, x.group, 0.5, 1.0) for x in labels]
    told = _unusable(one_sided, embeddings)
    assert "0 groups of pictures are not viable" in told
    assert "every label in `aesthetic` is the same" in told
    assert "39 pictures have a label" in _unusable(labels[:39], embeddings)
    assert "0 pictures have a label" in _unusable([], {})
    one_group = [Label(x.image_path, "all", x.aesthetic, x.viable) for x in labels]
    assert "groups" in _unusable(one_group, embeddings)


def test_embeddings_that_are_missing_or_all_alike_are_refused() -> None:
    labels, embeddings = labelled(60)
    assert "no embedding of p0.png, p1.png" in _unusable(labels, {})
    same = dict.fromkeys(embeddings, normalised(np.ones((1, EMBEDDING), np.float32))[0])
    assert "all embeddings are the same" in _unusable(labels, same)


def test_whole_groups_are_held_out_some_of_each_kind() -> None:
    labels, embeddings = labelled(120)
    data = training_data(labels, embeddings)
    testing = held_out(data, seed=3)
    assert not set(data.groups[testing]) & set(data.groups[~testing])
    assert {bool(value >= 0.5) for value in data.viable[testing]} == {True, False}
    assert 0.1 < testing.mean() < 0.3
    assert (held_out(data, seed=3) == testing).all()
