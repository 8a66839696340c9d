//! Whether a JPEG file is all there: its decoder paints what is missing grey.

const START: u8 = 0xD8;
const END: u8 = 0xD9;
/// The first marker of those that precede a segment, reserved ones aside.
const FIRST_SEGMENT: u8 = 0xC0;
const RESTARTS: std::ops::RangeInclusive<u8> = 0xD0..=0xD7;

/// Whether the first picture in the file ends with its end-of-image marker. What follows it is of no interest.
pub(super) fn is_whole(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some((marker, after)) = next_marker(rest) {
        rest = match marker {
            END => return true,
            START => after,
            _ => match segment(after) {
                Some(after) => after,
                None => return false,
            },
        };
    }
    false
}

/// The next marker that is not part of a scan's data, and what follows it.
fn next_marker(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let is_marker = |pair: &[u8]| {
        pair[0] == 0xFF && (FIRST_SEGMENT..0xFF).contains(&pair[1]) && !RESTARTS.contains(&pair[1])
    };
    let at = bytes.windows(2).position(is_marker)?;
    Some((bytes[at + 1], &bytes[at + 2..]))
}

/// Returns the bytes after a segment, which begins with its length.
fn segment(bytes: &[u8]) -> Option<&[u8]> {
    let length = u16::from_be_bytes(*bytes.first_chunk()?);
    bytes.get(usize::from(length)..)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of these segments and this data of a scan.
    fn file(segments: &[&[u8]], scan: &[u8]) -> Vec<u8> {
        let segment = |bytes: &&[u8]| [&[0xFF, 0xE1, 0, 2 + bytes.len() as u8], *bytes].concat();
        let segments = segments.iter().map(segment).collect::<Vec<_>>().concat();
        [&[0xFF, START], &segments[..], &[0xFF, 0xDA, 0, 2], scan, &[0xFF, END]].concat()
    }

    #[test]
    fn every_cut_is_seen() {
        let thumbnail = file(&[], &[7, 0xFF, 0, 8]);
        let whole = file(&[&thumbnail, b""], &[1, 0xFF, 0, 0xFF, 0xD3, 0xFF, 0xFF, 2]);
        assert!(is_whole(&whole));
        assert!((0..whole.len()).all(|length| !is_whole(&whole[..length])));
    }

    #[test]
    fn what_follows_the_end_is_of_no_interest() {
        let mut followed = file(&[], &[1, 2, 3]);
        followed.extend(b"\xFF\xE1\xFF\xFFtrailing");
        assert!(is_whole(&followed));
    }

    #[test]
    fn a_segment_beyond_the_file_is_a_cut() {
        let mut bytes = file(&[b"12"], &[]);
        bytes[4] = 0xFF;
        assert!(!is_whole(&bytes));
    }
}
