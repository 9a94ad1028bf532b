//! The kernel's times of day in control messages -> times of the scenario.

/// The octets before the data of a control message.
const HEADER: usize = 16;

/// Moves every time that is not 0 by so many nanoseconds back.
pub(super) fn translate(control: &mut [u8], back: i64) {
    let mut at = 0;
    while let Some((length, level, kind)) = head(control.get(at..).unwrap_or_default()) {
        let end = at.saturating_add(length).min(control.len());
        if (level, kind) == (libc::SOL_SOCKET, libc::SCM_TIMESTAMPING) {
            control[at + HEADER..end].as_chunks_mut::<16>().0.iter_mut().for_each(|time| shift(time, back));
        }
        at = at.saturating_add(length.next_multiple_of(8));
    }
}

/// Length, level and kind of the message that begins here.
fn head(octets: &[u8]) -> Option<(usize, i32, i32)> {
    let int = |at: usize| octets.get(at..at + 4).and_then(|four| four.try_into().ok()).map(i32::from_le_bytes);
    let length = usize::try_from(u64::from_le_bytes(*octets.first_chunk::<8>()?)).ok()?;
    (length >= HEADER && length <= octets.len()).then_some((length, int(8)?, int(12)?))
}

/// Seconds and nanoseconds in 8 octets each.
fn shift(time: &mut [u8; 16], back: i64) {
    let (seconds, nanoseconds) = time.split_at_mut(8);
    let long = |octets: &[u8]| octets.try_into().map_or(0, i64::from_le_bytes);
    let total = long(seconds).saturating_mul(1_000_000_000).saturating_add(long(nanoseconds));
    if total != 0 {
        let moved = total.saturating_sub(back);
        seconds.copy_from_slice(&moved.div_euclid(1_000_000_000).to_le_bytes());
        nanoseconds.copy_from_slice(&moved.rem_euclid(1_000_000_000).to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::translate;

    fn message(level: i32, kind: i32, times: &[(i64, i64)]) -> Vec<u8> {
        let data: Vec<u8> = times.iter().flat_map(|(s, n)| [s.to_le_bytes(), n.to_le_bytes()].concat()).collect();
        [&(16 + data.len() as u64).to_le_bytes()[..], &level.to_le_bytes(), &kind.to_le_bytes(), &data].concat()
    }

    #[test]
    fn only_times_move_and_zero_stays() {
        let plain = message(6, 1, &[(5, 5)]);
        let mut control = [plain.clone(), message(1, 37, &[(10, 100), (0, 0), (9, 0)])].concat();
        translate(&mut control, 9_000_000_050);
        assert_eq!(control, [plain, message(1, 37, &[(1, 50), (0, 0), (-1, 999_999_950)])].concat());
    }

    #[test]
    fn what_is_cut_off_is_left_alone() {
        let whole = message(1, 37, &[(10, 100)]);
        for length in 0..whole.len() {
            let mut cut = whole[..length].to_vec();
            translate(&mut cut, 1);
            assert_eq!(cut, whole[..length]);
        }
    }
}
