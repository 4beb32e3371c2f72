"""The sound of the truth: timing, level, room, ears."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.signal import butter, sosfilt, stft

from kinema.scenes.camera import Camera
from kinema.scenes.materials import CLASSIC, MATERIALS
from kinema.scenes.sound.impact import _acceleration_noise, contact_time, dry_impact, force_pulse
from kinema.scenes.sound.mix import FULL_SCALE, sound_of
from kinema.scenes.sound.modes import AIR_DENSITY, SPEED_OF_SOUND, slab_modes, sphere_modes
from kinema.scenes.truth import Body, Contact, Truth

RATE = 48_000
WORLDS = {"earth": (9.81, 1.5), "moon": (1.62, 0.4), "mars": (3.71, 0.8), "jupiter": (24.79, 2.2)}  # m/s^2, m of view


def ball(material: str, radius: float, name: str = "ball") -> Body:
    mass = MATERIALS[material].density * 4 / 3 * np.pi * radius**3
    return Body(name=name, colour="red", material=material, radius=radius, mass=mass)


def truth_of(bodies, contacts, floor="wood", view=1.5, distance=2.26, yaw=0.0, **room) -> Truth:
    camera = Camera(target=(0, 0, 0.38 * view), distance=distance * view, yaw=yaw, eye_height=0.62 * view, view_height=view)
    times = np.arange(0, 3, 1 / 960)
    still = np.zeros((len(times), len(bodies), 3))
    return Truth(
        scene=SimpleNamespace(view=view, move="static", id="made@1/seed=0"), bodies=tuple(bodies), times=times, position=still,
        velocity=still, orientation=np.tile([0.0, 0, 0, 1], (*still.shape[:2], 1)), spin=still,
        visible=np.ones(still.shape[:2], bool), contacts=tuple(contacts), camera=camera, gravity=9.81, floor=floor, room=room,
    )  # fmt: skip


def hit(body: Body, speed: float, t: float = 0.5, x: float = 0.0) -> Contact:
    impulse = body.mass * speed * (1 + MATERIALS[body.material].restitution)
    return Contact(
        t=t, bodies=(body.name, "floor"), point=(x, 0, 0), normal=(0, 0, 1), impulse=impulse, approach_speed=speed
    )


def clash(first: Body, second: Body, speed: float, t: float = 0.5) -> Contact:
    mass = 1 / (1 / first.mass + 1 / second.mass)
    names = (first.name, second.name)
    return Contact(
        t=t, bodies=names, point=(0, 0, first.radius), normal=(-1, 0, 0), impulse=1.6 * mass * speed, approach_speed=speed
    )


def drop(material: str, floor: str, world: str, fall=0.42, size=0.09, x=0.0, delay=0.0, seconds=2.0, **more) -> Truth:
    gravity, view = WORLDS[world]
    body = ball(material, size * view)
    t, speed, contacts = delay + fall, gravity * fall, []
    while t < seconds and speed > 0.03 * gravity * fall:
        contacts.append(hit(body, speed, t, x * view))
        speed *= MATERIALS[material].restitution
        t += 2 * speed / gravity
    return truth_of([body], contacts, floor, view, **more)


def travel(contact: Contact, truth: Truth) -> float:
    return float(np.linalg.norm(truth.camera.eye - np.array(contact.point))) / SPEED_OF_SOUND


def lag(later: np.ndarray, earlier: np.ndarray) -> float:
    """Samples between two like waveforms, to a fraction."""
    spectrum = np.fft.rfft(later, 2 * len(later)) * np.fft.rfft(earlier, 2 * len(later)).conj()
    match = np.fft.irfft(spectrum, 32 * len(later))
    peak = int(np.argmax(match))
    return (peak if peak < len(match) / 2 else peak - len(match)) / 16


def decibel(value: float) -> float:
    return float(20 * np.log10(value))


# Pieces --------------------------------------------------------------------------------------------------------------------------------


def test_hertz_time_of_known_pairs() -> None:
    for material, partner, expected in (("steel", "steel", 0.11e-3), ("steel", "wood", 0.28e-3), ("wood", "wood", 0.14e-3)):
        assert contact_time(ball(material, 0.02), MATERIALS[partner], 3.0) == pytest.approx(expected, rel=0.1)


def test_pulse_carries_the_impulse_at_any_rate() -> None:
    for rate, duration in product((48_000, 192_000), (1e-4, 6e-3)):
        force = force_pulse(3.0, duration, rate)
        assert force.sum() / rate == pytest.approx(3.0)
        assert (force >= 0).all()


def test_a_ball_jerked_into_motion_sends_the_closed_form() -> None:
    body, rate = ball("steel", 0.1), 1_920_000
    pressure = _acceleration_noise(np.array([2.0 * body.mass * rate]), body, 1.0, rate)  # to 2 m/s within one sample
    t = np.arange(1, 2000) / rate * SPEED_OF_SOUND / body.radius
    expected = AIR_DENSITY * SPEED_OF_SOUND * body.radius * 2.0 * np.exp(-t) * (np.cos(t) - np.sin(t))
    np.testing.assert_allclose(pressure[1:2000], expected, atol=0.01 * expected.max())


def test_slab_and_ball_ring_at_textbook_frequencies() -> None:
    steel = MATERIALS["steel"]
    assert sphere_modes(steel, 0.1, 33.0, 1.0).frequency[0] == pytest.approx(13_200, rel=0.02)  # 2.645 c_t / 2 pi R
    wood = MATERIALS["wood"]
    a, b, h = 1.3, 1.1, 0.06
    stiffness = wood.youngs_modulus * h**3 / 12 / (1 - wood.poisson**2)
    first = np.pi / 2 * np.sqrt(stiffness / (wood.density * h)) * (1 / a**2 + 1 / b**2)
    assert slab_modes(wood, 1.0, (0.5, 0.5)).frequency[0] == pytest.approx(first)


def test_nothing_above_hearing_is_made() -> None:
    assert not sphere_modes(MATERIALS["steel"], 0.03, 0.9, 1.0).ring(RATE).any()


# One contact, dry ------------------------------------------------------------------------------------------------------------------------


def late_by(contact: Contact, truth: Truth) -> float:
    wave, start = dry_impact(contact, truth)
    first = int(np.argmax(np.abs(wave) > 0.1 * np.abs(wave).max()))
    return start + first / RATE - contact.t - travel(contact, truth)


def test_every_floor_contact_is_heard_within_a_millisecond() -> None:
    for material, floor, radius, speed in product(CLASSIC, ("wood", "stone"), (0.03, 0.12, 0.4), (0.3, 3.0, 9.0)):
        body = ball(material, radius)
        contact = hit(body, speed, t=0.51234)
        assert abs(late_by(contact, truth_of([body], [contact], floor, view=11 * radius))) < 1e-3, (material, floor, radius)


def test_every_clash_is_heard_within_a_millisecond() -> None:
    for one, other, radius, speed in product(CLASSIC, CLASSIC, (0.05, 0.2), (0.4, 4.0)):
        pair = ball(one, radius, "a"), ball(other, radius, "b")
        contact = clash(*pair, speed)
        assert abs(late_by(contact, truth_of(pair, [contact], view=11 * radius))) < 1e-3, (one, other, radius, speed)


def test_level_falls_6_db_per_doubling_of_distance() -> None:
    body = ball("glass", 0.1)
    near = truth_of([body], [hit(body, 3.0)])
    far = replace(near, camera=replace(near.camera, distance=2 * near.camera.distance, eye_height=2 * near.camera.eye_height))
    (loud, _), (soft, _) = dry_impact(near.contacts[0], near), dry_impact(far.contacts[0], far)
    np.testing.assert_allclose(loud, 2 * soft, rtol=1e-12)


def test_level_is_linear_in_impulse() -> None:
    body = ball("stone", 0.1)
    truth = truth_of([body], [hit(body, 3.0)])
    twice = replace(truth.contacts[0], impulse=2 * truth.contacts[0].impulse)
    np.testing.assert_allclose(dry_impact(twice, truth)[0], 2 * dry_impact(truth.contacts[0], truth)[0], rtol=1e-9, atol=1e-12)


def test_faster_is_louder_and_brighter() -> None:
    body = ball("wood", 0.1)
    levels, bright = [], []
    for speed in (0.5, 1.0, 2.0, 4.0, 8.0):
        truth = truth_of([body], [hit(body, speed)])
        spectrum = np.abs(np.fft.rfft(dry_impact(truth.contacts[0], truth)[0], 1 << 15)) ** 2
        levels.append(spectrum.sum())
        bright.append(spectrum[2000:].sum() / spectrum.sum())
    assert (np.diff(levels) > 0).all()
    assert (np.diff(bright) > 0).all()


# Room and ears ---------------------------------------------------------------------------------------------------------------------------


def test_travel_time_is_exact() -> None:
    body = ball("wood", 0.1)
    near = truth_of([body], [hit(body, 3.0)], wall_reflection=0.0)
    far = replace(near, camera=replace(near.camera, distance=2 * near.camera.distance, eye_height=2 * near.camera.eye_height))
    expected = (travel(far.contacts[0], far) - travel(near.contacts[0], near)) * RATE
    assert lag(sound_of(far, 1.0)[0], sound_of(near, 1.0)[0]) == pytest.approx(expected, abs=0.1)


def test_contact_time_is_kept_within_a_sample() -> None:
    body = ball("wood", 0.1)
    early, late = (truth_of([body], [hit(body, 3.0, t=t)]) for t in (0.5, 0.5 + 7.3 / RATE))
    assert lag(sound_of(late, 1.0)[1], sound_of(early, 1.0)[1]) == pytest.approx(7.3, abs=0.1)


def test_wall_answers_when_and_as_loud_as_it_should() -> None:
    body = ball("steel", 0.1)
    bare = truth_of([body], [hit(body, 3.0)], wall_y=1.4, wall_reflection=0.0)
    echo = replace(bare, room={"wall_y": 1.4, "wall_reflection": 0.7})
    direct, answer = sound_of(bare, 1.0)[0], sound_of(echo, 1.0)[0] - sound_of(bare, 1.0)[0]
    eye = bare.camera.eye
    way, detour = np.linalg.norm(eye), np.linalg.norm(eye - (0, 2.8, 0))
    assert lag(answer, direct) == pytest.approx((detour - way) / SPEED_OF_SOUND * RATE, abs=0.1)
    assert np.abs(answer).max() / np.abs(direct).max() == pytest.approx(0.7 * way / detour, rel=0.03)


@pytest.mark.parametrize("side", [-1, 1])
def test_the_ear_on_the_side_of_the_sound_hears_it_first_and_louder(side: int) -> None:
    body = ball("plastic", 0.13)
    left, right = sound_of(truth_of([body], [hit(body, 4.0, x=0.4 * side)], wall_reflection=0.0), 1.0)
    near, far = (right, left) if side > 0 else (left, right)
    assert lag(far, near) > 2
    assert (near**2).sum() > (far**2).sum()


def test_the_middle_is_in_the_middle() -> None:
    left, right = sound_of(drop("steel", "stone", "earth"), 2.0)
    np.testing.assert_allclose(left, right, atol=1e-6)


# Whole tracks ----------------------------------------------------------------------------------------------------------------------------


def test_without_contacts_there_is_silence() -> None:
    sound = sound_of(truth_of([ball("wood", 0.1)], []), 2.0)
    assert sound.shape == (2, 96_000)
    assert sound.dtype == np.float32
    assert not sound.any()


def test_nothing_sounds_before_the_first_contact_arrives() -> None:
    truth = drop("steel", "stone", "earth")
    arrival = truth.contacts[0].t + travel(truth.contacts[0], truth)
    assert not sound_of(truth, 2.0)[:, : int((arrival - 0.001) * RATE)].any()


def test_contacts_add_up() -> None:
    truth = drop("glass", "wood", "mars")
    alone = sum(sound_of(replace(truth, contacts=(contact,)), 2.0).astype(float) for contact in truth.contacts)
    np.testing.assert_allclose(sound_of(truth, 2.0), alone, atol=1e-6)


def test_same_truth_same_samples() -> None:
    truth = drop("glass", "wood", "earth", yaw=0.05)
    np.testing.assert_array_equal(sound_of(truth, 2.0), sound_of(truth, 2.0))


def test_another_rate_is_the_same_sound() -> None:
    truth = drop("rubber", "wood", "earth")
    fine, coarse = sound_of(truth, 2.0)[0], sound_of(truth, 2.0, rate=16_000)[0]
    assert coarse.shape == (32_000,)
    assert np.corrcoef(fine[::3], coarse)[0, 1] > 0.99


def test_levels_fit_between_full_scale_and_quantisation() -> None:
    for material, floor, world in product(CLASSIC, ("wood", "stone"), WORLDS):
        truth = drop(material, floor, world)
        level = decibel(np.abs(sound_of(truth, 2.0)).max())
        assert -55 < level < -2, (material, floor, world, level)
        last = [c for c in truth.contacts if c.approach_speed > 0.08 * truth.contacts[0].approach_speed][-1]
        assert decibel(np.abs(dry_impact(last, truth)[0]).max() / FULL_SCALE) > -90, (material, floor, world)


def onsets(sound: np.ndarray) -> np.ndarray:
    """High-pass at 1 kHz, energy in 2 ms every 1 ms, 9 dB above the median of the 17 ms before, at least 30 ms apart."""
    high = sosfilt(butter(4, 1000, "highpass", fs=RATE, output="sos"), sound)
    total = np.concatenate([[0.0], np.cumsum(high**2)])
    start = np.arange(len(sound) // 48 - 2) * 48
    level = 10 * np.log10((total[start + 96] - total[start]) / 96 + 1e-14)
    before = np.array([np.median(level[max(0, k - 20) : max(1, k - 2)]) for k in range(len(level))])
    found = np.flatnonzero((level - before > 9) & (level > level.max() - 55))
    kept: list[int] = []
    for k in sorted(found, key=lambda k: -level[k]):
        if all(abs(k - other) >= 30 for other in kept):
            kept.append(k)
    return np.sort(np.array(kept)) / 1000 + 0.001


@pytest.mark.slow
def test_every_bounce_has_its_onset() -> None:
    hits = wanted = right = found = 0
    for material, floor, world in product(CLASSIC, ("wood", "stone"), WORLDS):
        truth = drop(material, floor, world)
        arrivals = np.array([c.t + travel(c, truth) for c in truth.contacts])
        strong = [c.approach_speed >= 0.15 * truth.contacts[0].approach_speed and c.t < 1.97 for c in truth.contacts]
        heard = onsets(sound_of(truth, 2.0)[0])
        hits += sum(np.abs(heard - t).min() < 0.01 for t in arrivals[strong])
        wanted += sum(strong)
        right += sum(np.abs(arrivals - t).min() < 0.03 for t in heard)
        found += len(heard)
    assert hits / wanted >= 0.97
    assert right / found >= 0.97


def timbre(sound: np.ndarray) -> np.ndarray:
    """Mean log energy in 40 bands of the loud part of a track."""
    frequency, _, spectrum = stft(sound, RATE, nperseg=1024)
    bands = np.searchsorted(np.geomspace(60, 16_000, 41), frequency)
    power = np.array([np.abs(spectrum[bands == k]).__pow__(2).sum(0) for k in range(1, 41) if (bands == k).any()])
    loud = power.sum(0) > power.sum(0).max() * 1e-4
    return np.log(power[:, loud] + 1e-13).mean(1)


@pytest.mark.slow
def test_materials_can_be_told_apart() -> None:
    rng = np.random.default_rng(5)
    features, labels = [], []
    for material, _ in product(CLASSIC, range(10)):
        fall, size, x = rng.uniform(0.37, 0.47), rng.uniform(0.08, 0.10), rng.uniform(-0.16, 0.16)
        features.append(timbre(sound_of(drop(material, "wood", "earth", fall, size, x), 2.0).mean(0)))
        labels.append(material)
    seen, names = np.array(features), np.array(labels)
    seen = (seen - seen.mean(0)) / seen.std(0)
    right = 0
    for k, name in enumerate(names):
        others = np.arange(len(names)) != k
        distance = {m: np.linalg.norm(seen[k] - seen[others & (names == m)].mean(0)) for m in CLASSIC}
        right += min(distance, key=lambda m: distance[m]) == name
    assert right / len(names) >= 0.6  # chance is .17
