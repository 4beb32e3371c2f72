"""Rooms: reflections where the mirror images stand, a tail that dies away as stored, two ears, distance, and moving sources."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import butter, hilbert, sosfilt, sosfiltfilt

from kinema.scenes.camera import moved
from kinema.scenes.prompts import ROOMS as NAMED
from kinema.scenes.scene import scene_from_id
from kinema.scenes.sound.late import decay_time, late_answer, missing_share
from kinema.scenes.sound.mix import sound_of
from kinema.scenes.sound.place import LEAD, place, tracks
from kinema.scenes.sound.room import ear_kernel, early_answer, paths, reverberate, room_of
from kinema.scenes.sound.surfaces import BANDS, ESTIMATED, FACES, ROOMS, SURFACES, as_markdown
from kinema.scenes.sound.tone import heard_frequency
from kinema.scenes.truth import Body, Contact, Tone, Truth

RATE, C = 48_000, 343.0
WALLED = [name for name, room in ROOMS.items() if room is not None]


def truth_in(room: str, *, view: float = 1.2, move: str = "static", seconds: float = 2.0, yaw: float = 0.0, **more) -> Truth:
    scene = scene_from_id("drop@1/seed=3", room=room, view=view, move=move, yaw=yaw)
    times = np.arange(round(seconds * 960) + 1) / 960
    still = np.zeros((len(times), 1, 3))
    turn = np.zeros((len(times), 1, 4))
    turn[..., 3] = 1
    ball = Body(name="ball", colour="red", material="wood", radius=0.05, mass=0.4)
    fields = {
        "scene": scene, "bodies": (ball,), "times": times, "position": still, "velocity": still, "orientation": turn, "spin": still,
        "visible": np.ones(still.shape[:2], bool), "contacts": (), "camera": scene.camera(), "gravity": 9.81, "floor": "stone",
        "room": room_of(scene),
    }  # fmt: skip
    return Truth(**{**fields, **more})


def click(truth: Truth, point: tuple[float, float, float], seconds: float, t: float = 0.05, rate: int = RATE) -> np.ndarray:
    """A click of 1 Pa m as the two ears hear it."""
    sound = tracks(seconds, rate)
    place(sound, np.eye(1, LEAD + 1, LEAD)[0], np.array(point), t, truth, rate)
    return sound[:2] + reverberate(sound[2], truth, rate)


def own_decay_time(wave: np.ndarray, band: float, low: float, high: float) -> float:
    """A second way to measure it: steps of 5 ms, energies left, a line through the levels between ``low`` and ``high`` dB."""
    octave = sosfilt(butter(4, (band * 0.707, band * 1.414), "bandpass", fs=RATE, output="sos"), wave)
    steps = (octave[:, : octave.shape[1] // 240 * 240] ** 2).reshape(2, -1, 240).sum(axis=(0, 2))
    level = 10 * np.log10(np.cumsum(steps[::-1])[::-1] / steps.sum() + 1e-15)
    k = np.flatnonzero((level < low) & (level > high))
    return -60 / np.polyfit(k * 0.005, level[k], 1)[0]


# Rooms -----------------------------------------------------------------------------------------------------------------------------------


def test_rooms_are_those_that_prompts_name() -> None:
    assert list(ROOMS) == list(NAMED)
    assert all(len(row) == len(BANDS) and 0 < min(row) <= max(row) < 1 for row in SURFACES.values())


def test_the_page_of_rooms_is_that_of_the_table() -> None:
    assert (Path(__file__).parents[2] / "docs" / "rooms.md").read_text(encoding="utf-8") == as_markdown()
    assert set(ESTIMATED) < set(SURFACES)


def test_the_studio_is_one_wall_and_nothing_else() -> None:
    scene = scene_from_id("drop@1/seed=3")
    assert room_of(scene) == {"wall_y": 0.9 * scene.view, "wall_reflection": 0.7}
    assert not reverberate(np.ones(100), truth_in("studio"), RATE).any()


@pytest.mark.parametrize("room", WALLED)
@pytest.mark.parametrize("move", ["static", "dolly_out", "orbit_left"])
def test_the_scene_and_its_camera_stay_within_the_walls(room: str, move: str) -> None:
    for view in (0.5, 3.0, 12.0):
        scene = scene_from_id("drop@1/seed=3", room=room, view=view, move=move)
        walls = room_of(scene)
        low = np.array([walls["left"], walls["near"], 0.0])
        high = low + np.array([walls["width"], walls["depth"], walls["height"]])
        assert (high - low >= np.array(ROOMS[room].size) - 1e-9).all()
        for t in np.linspace(0, 6, 9):
            eye = moved(scene.camera(), move, float(t)).eye
            assert (eye > low + 0.2).all()
            assert (eye < high - 0.2).all()


@pytest.mark.parametrize("room", WALLED)
def test_mirror_images_are_those_that_mirroring_wall_by_wall_gives(room: str) -> None:
    truth = truth_in(room)
    source, walls = np.array([0.2, 0.1, 0.5]), truth.room
    planes = [(0, walls["left"]), (0, walls["left"] + walls["width"]), (1, walls["near"]), (1, walls["near"] + walls["depth"]),
              (2, 0.0), (2, walls["height"])]  # fmt: skip

    def mirrored(point: np.ndarray, plane: tuple[int, float]) -> np.ndarray:
        out = point.copy()
        out[plane[0]] = 2 * plane[1] - point[plane[0]]
        return out

    expected = {tuple(source.round(6)): 1.0}
    for first, plane in enumerate(planes):
        once = mirrored(source, plane)
        kept = np.sqrt(1 - ROOMS[room].face(FACES[first])[3])
        expected[tuple(once.round(6))] = kept
        for second, other in enumerate(planes):
            if other != plane:
                expected[tuple(mirrored(once, other).round(6))] = kept * np.sqrt(1 - ROOMS[room].face(FACES[second])[3])
    found = {tuple(path.seen_from.round(6)): path.kept for path in paths(tuple(source), truth)}
    assert len(found) == 25
    assert found.keys() == expected.keys()
    for place_, kept in found.items():
        assert kept == pytest.approx(expected[place_])


@pytest.mark.parametrize("room", WALLED)
@pytest.mark.parametrize("view", [0.8, 1.2, 2.2])
def test_the_first_reflection_comes_when_its_image_says(room: str, view: float) -> None:
    """Rendered through the whole mix: an impact between walls less the same impact in the open."""
    hit = Contact(t=0.1, bodies=("ball", "floor"), point=(0, 0, 0), normal=(0, 0, 1), impulse=1.0, approach_speed=2.0)
    truth = truth_in(room, view=view, contacts=(hit,))
    free = replace(truth, scene=replace(truth.scene, room="outdoors"), room={"wall_y": 1.0, "t60": 0.0})
    direct = sound_of(free, 0.5).astype(float)
    answer = (sound_of(truth, 0.5) - direct).sum(axis=0)
    way = np.linalg.norm(truth.camera.eye)
    far = sorted(np.linalg.norm(path.seen_from - truth.camera.eye) for path in paths((0, 0, 0), truth))
    assert far[0] == pytest.approx(way)
    late = (far[1] - far[0]) / C
    assert truth.room["first_reflection_s"] == pytest.approx(late)
    begins = [int(np.argmax(np.abs(wave) > 0.02 * np.abs(wave[: int(0.3 * RATE)]).max())) / RATE for wave in (direct.sum(axis=0), answer)]
    assert begins[1] - begins[0] == pytest.approx(late, abs=0.5e-3)


def test_a_wall_colours_what_it_throws_back() -> None:
    """Half carpet, half wood keeps the low and swallows the high: sqrt(1 - alpha) in every octave."""
    truth = truth_in("closet")
    source = (0.0, 0.0, 0.6)
    floor = [path for path in paths(source, truth) if np.allclose(path.seen_from, (0, 0, -0.6))]
    kept = np.array(floor[0].bands) * floor[0].kept
    taken = (np.array(SURFACES["carpet"]) + SURFACES["wood"]) / 2
    np.testing.assert_allclose(kept, np.sqrt(1 - taken), rtol=1e-3)


# The tail --------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("room", WALLED)
def test_a_click_dies_away_as_stored(room: str) -> None:
    truth = truth_in(room)
    heard = click(truth, (0.1, 0.0, 0.3), 1.3 * truth.room["t60"] + 0.3)
    measured = np.mean([own_decay_time(heard, band, -5, -35) for band in (500.0, 1000.0)])
    assert measured == pytest.approx(truth.room["t60"], rel=0.1)


def test_decay_times_run_from_closet_to_cathedral() -> None:
    seconds = [truth_in(room).room["t60"] for room in ("closet", "living_room", "classroom", "concert_hall", "warehouse", "cathedral")]
    assert seconds == sorted(seconds)
    assert seconds[0] < 0.25
    assert seconds[-1] > 5
    assert truth_in("outdoors").room["t60"] == 0


def test_each_band_dies_away_at_its_own_rate() -> None:
    size = ROOMS["concert_hall"].size
    tail = late_answer("concert_hall", size, 1, RATE)
    expected = np.log(1e6) / ROOMS["concert_hall"].decay(size)
    for band, seconds in list(zip(BANDS, expected, strict=True))[1:6]:
        assert decay_time(tail, RATE, band=band) == pytest.approx(seconds, rel=0.1)


def test_other_seeds_are_other_noise_of_the_same_room() -> None:
    truth = truth_in("classroom")
    heard = [click(replace(truth, scene=replace(truth.scene, seed=seed)), (0, 0, 0.3), 1.5) for seed in range(6)]
    times = [decay_time(one, RATE, band=1000.0) for one in heard]
    assert not np.array_equal(heard[0], heard[1])
    np.testing.assert_array_equal(heard[0], click(replace(truth, scene=replace(truth.scene, seed=0)), (0, 0, 0.3), 1.5))
    assert np.ptp(times) < 0.05 * np.mean(times)


@pytest.mark.parametrize("room", ["bathroom", "living_room", "classroom", "concert_hall", "cathedral", "warehouse"])
@pytest.mark.parametrize(("height", "share"), [(0.0, 0.5), (1.1, 1.0)])
def test_the_tail_joins_the_images_without_a_step(room: str, height: float, share: float) -> None:
    """Once the first images are past, the energy is a diffuse field's, 4 pi c / V per second; half of it for a source on the floor."""
    truth = truth_in(room)
    size = tuple(truth.room[name] for name in ("width", "depth", "height"))
    heard = click(truth, (0.1, 0.2, height), 1.0)
    decay = ROOMS[room].decay(size)[3]
    octave = sosfilt(butter(4, (707, 1414), "bandpass", fs=RATE, output="sos"), heard)
    start = 0.05 + np.linalg.norm(truth.camera.eye - (0.1, 0.2, height)) / C
    edges = start + np.array([0.1, 0.2, 0.4, 0.6]) * min(truth.room["t60"], 1.5)
    for begin, end in pairwise(edges):
        t = np.arange(int(begin * RATE), int(end * RATE))
        diffuse = 4 * np.pi * C / np.prod(size) * np.exp(-decay * (t / RATE - 0.05)) / RATE * 707 / (RATE / 2)
        found = (octave[:, t] ** 2).sum(axis=1).mean()
        assert 10 * np.log10(found / (share * diffuse.sum())) == pytest.approx(0, abs=2.5), (begin, end)


def test_what_is_missing_grows_from_nothing_to_all() -> None:
    share = missing_share((5.0, 6.0, 2.5), np.linspace(0, 0.2, 50))
    assert share[0] == 0
    assert share[-1] == 1
    assert (np.diff(share) >= 0).all()


def test_two_ears_hear_the_same_low_and_another_high_tail() -> None:
    tail = late_answer("cathedral", ROOMS["cathedral"].size, 1, RATE)[:, 20_000:120_000]
    alike = {}
    for band in (125.0, 4000.0):
        left, right = sosfiltfilt(butter(2, (band * 0.707, band * 1.414), "bandpass", fs=RATE, output="sos"), tail)
        alike[band] = np.corrcoef(left, right)[0, 1]
    assert alike[125.0] > 0.85
    assert abs(alike[4000.0]) < 0.1


def test_rooms_add_nothing_before_the_sound_arrives() -> None:
    truth = truth_in("bathroom")
    heard = click(truth, (0, 0, 0.3), 0.5)
    arrival = 0.05 + np.linalg.norm(truth.camera.eye - (0, 0, 0.3)) / C
    before = int((arrival - 0.001) * RATE)
    assert np.abs(heard[:, :before]).max() < 1e-9 * np.abs(heard).max()


# Ears and distance ------------------------------------------------------------------------------------------------------------------------


def test_level_falls_6_db_per_doubling_of_distance() -> None:
    truth = truth_in("outdoors", view=2.0)
    eye = truth.camera.eye
    levels = []
    for distance in (1.0, 2.0, 4.0, 8.0):
        point = eye + np.array([0.0, distance, -eye[2]]) / np.hypot(distance, eye[2]) * distance
        heard = click(truth, (float(point[0]), float(point[1]), 0.0), 0.5)
        far = np.linalg.norm(eye - (point[0], point[1], 0.0))
        levels.append((np.log2(far), 10 * np.log10((heard**2).sum())))
    slope = np.polyfit(*np.array(levels).T, 1)[0]
    assert slope == pytest.approx(-6.02, rel=0.02)


@pytest.mark.parametrize("angle", [-60, -35, -15, 15, 35, 60])
def test_the_balance_is_the_heads(angle: int) -> None:
    """Above its shelf the head's law says 1.05 + .95 cos(1.2 i) for the incidence i at each ear."""
    truth = truth_in("outdoors")
    eye, turn = truth.camera.eye, np.radians(angle)
    heard = click(truth, (float(eye[0] + 2 * np.sin(turn)), float(eye[1] + 2 * np.cos(turn)), 0.0), 0.3)
    ray = np.array([2 * np.sin(turn), 2 * np.cos(turn), -eye[2]])
    ray /= np.linalg.norm(ray)
    gains = [1.05 + 0.95 * np.cos(np.arccos(side * ray[0]) * 1.2) for side in (-1, 1)]
    high = np.abs(np.fft.rfft(heard, axis=1))[:, int(8000 * 0.3) : int(16_000 * 0.3)]
    measured = 10 * np.log10((high[1] ** 2).sum() / (high[0] ** 2).sum())
    law = 20 * np.log10(gains[1] / gains[0])
    assert np.sign(measured) == np.sign(angle)
    assert measured == pytest.approx(law, rel=0.15)


def test_early_answer_is_the_sum_of_kernels() -> None:
    truth = truth_in("studio", yaw=0.1)
    point = (0.3, 0.0, 0.2)
    start, answer = early_answer(point, 0.5, truth, RATE)
    expected = np.zeros_like(answer)
    for path in paths(point, truth):
        ray = path.seen_from - truth.camera.eye
        arrival = (0.5 + np.linalg.norm(ray) / C) * RATE
        for ear, side in enumerate((-1, 1)):
            incidence = float(np.arccos(side * ray @ truth.camera.axes[0] / np.linalg.norm(ray)))
            kernel = ear_kernel(incidence, arrival - np.floor(arrival), RATE) * path.kept / np.linalg.norm(ray)
            first = int(np.floor(arrival)) - 16 - start
            expected[ear, first : first + len(kernel)] += kernel
    np.testing.assert_allclose(answer, expected, atol=1e-12)


def test_the_ears_are_where_the_camera_is_at_that_moment() -> None:
    truth = truth_in("outdoors", move="dolly_in", view=2.0)
    for t in (0.0, 1.5):
        start, answer = early_answer((0, 0, 0), t, truth, RATE)
        first = (start + np.argmax(np.abs(answer[0]))) / RATE - t
        assert first == pytest.approx(np.linalg.norm(truth.scene.camera_at(t).eye) / C, abs=3e-4)


# Moving tones -----------------------------------------------------------------------------------------------------------------------------


def passing(speed: float, near: float = 6.0, pitch: float = 600.0, room: str = "outdoors", move: str = "static") -> Truth:
    truth = truth_in(room, view=near / 2.26, move=move)
    position, velocity = truth.position.copy(), truth.velocity.copy()
    position[:, 0, 0], velocity[:, 0, 0] = speed * (truth.times - 1.0), speed
    tone = Tone(body="ball", frequency=pitch, start=0.0, end=2.0, pressure=1.0)
    return replace(truth, position=position, velocity=velocity, tones=(tone,))


def pitch_of(wave: np.ndarray, about: float) -> np.ndarray:
    """Instantaneous frequency of the first partial, over 20 ms."""
    near = sosfiltfilt(butter(4, (about * 0.75, about * 1.35), "bandpass", fs=RATE, output="sos"), wave)
    phase = np.unwrap(np.angle(hilbert(near)))
    out = np.full(len(wave), np.nan)
    out[480:-480] = (phase[960:] - phase[:-960]) / 960 * RATE / (2 * np.pi)
    return out


@pytest.mark.parametrize("speed", [4.0, 12.0, -20.0])
def test_the_pitch_of_what_passes_is_dopplers(speed: float) -> None:
    truth = passing(speed)
    heard = pitch_of(sound_of(truth, 2.0)[0].astype(float), 600.0)
    emitted = np.linspace(0.1, 1.9, 200)
    points = np.stack([speed * (emitted - 1), 0 * emitted, 0 * emitted], axis=-1)
    way = truth.camera.eye - points
    distance = np.linalg.norm(way, axis=-1)
    closing = speed * way[:, 0] / distance
    arrival = emitted + distance / C
    inside = arrival < 1.95
    found = heard[np.round(arrival[inside] * RATE).astype(int)]
    law = 600 * C / (C - closing[inside])
    assert np.abs(found / law - 1).max() < 0.005
    assert np.abs(found / law - 1).max() < 0.1 * np.ptp(law) / 600  # not just small because the shift is
    np.testing.assert_allclose(heard_frequency(truth.tones[0], truth, arrival), 600 * C / (C - closing), rtol=1e-6)


def test_the_buzz_is_loudest_when_near_and_moves_from_ear_to_ear() -> None:
    left, right = sound_of(passing(12.0), 2.0).astype(float)
    steps = [slice(int(t * RATE), int((t + 0.05) * RATE)) for t in (0.2, 0.6, 1.0, 1.4, 1.8)]
    total = [float((left[s] ** 2 + right[s] ** 2).sum()) for s in steps]
    assert np.argmax(total) == 2
    balance = [float((right[s] ** 2).sum() / (left[s] ** 2).sum()) for s in steps]
    assert balance == sorted(balance)
    assert balance[0] < 0.7 < 1 / 0.7 < balance[-1]


def test_a_buzz_is_as_loud_as_its_tone_says_and_falls_with_distance() -> None:
    levels = []
    for near in (4.0, 8.0, 16.0):
        truth = passing(0.0, near)
        rms = np.sqrt((sound_of(truth, 2.0)[:, RATE // 2 : RATE].astype(float) ** 2).mean()) * 160
        levels.append(rms * np.linalg.norm(truth.camera.eye))
    assert levels == pytest.approx([1.0] * 3, rel=0.15)  # of 1 Pa at 1 m; the head moves it a little


def test_a_camera_that_drives_up_hears_a_higher_pitch() -> None:
    truth = passing(0.0, 20.0, move="dolly_in")
    heard = pitch_of(sound_of(truth, 2.0)[0].astype(float), 600.0)[RATE]
    eyes = [truth.scene.camera_at(t).eye for t in (0.9, 1.0)]
    closing = (np.linalg.norm(eyes[0]) - np.linalg.norm(eyes[1])) / 0.1
    assert heard == pytest.approx(600 * (1 + closing / C), rel=1e-4)
    assert heard > 601


def test_a_tone_is_silent_outside_its_time() -> None:
    truth = passing(5.0)
    short = replace(truth, tones=(replace(truth.tones[0], start=0.5, end=1.0),))
    sound = sound_of(short, 2.0)
    way = np.linalg.norm(truth.camera.eye) / C
    assert not sound[:, : int(0.5 * RATE)].any()
    assert not sound[:, int((1.0 + 2 * way + 0.1) * RATE) :].any()
    assert sound[:, int((0.6 + way) * RATE)].any()


def test_a_room_holds_a_tone_after_its_end() -> None:
    levels = {}
    for room, end in product(("closet", "classroom"), (0.5,)):
        truth = passing(0.0, 2.0, room=room)
        sound = sound_of(replace(truth, tones=(replace(truth.tones[0], end=end),)), 2.0).astype(float)
        held, after = (sound[:, int(t * RATE) : int((t + 0.1) * RATE)] for t in (0.4, 0.75))
        levels[room] = 10 * np.log10((after**2).sum() / (held**2).sum())
    assert levels["closet"] < levels["classroom"] - 20
    assert -40 < levels["classroom"] < -5
