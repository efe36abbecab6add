use std::{io::Write as _, net::IpAddr, time::Duration};

/// Appends a decimal number. Most have few digits and are stored: to append a slice of unknown
/// length is a call of `memcpy`.
pub(super) fn decimal(out: &mut Vec<u8>, mut value: u64) {
    const fn digit(value: u64) -> u8 {
        b'0' + (value % 10) as u8
    }
    match value {
        0..10 => out.push(digit(value)),
        10..100 => out.extend_from_slice(&[digit(value / 10), digit(value)]),
        100..1000 => {
            out.extend_from_slice(&[digit(value / 100), digit(value / 10), digit(value)]);
        }
        _ => {
            let mut digits = [0; 20];
            let mut at = digits.len();
            while value > 0 {
                at -= 1;
                digits[at] = digit(value);
                value /= 10;
            }
            out.extend_from_slice(&digits[at..]);
        }
    }
}

/// Fills `place` with the last digits of a number.
pub(super) fn fill(place: &mut [u8], mut value: u64) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// Appends milliseconds with three decimals.
pub(super) fn millis(out: &mut Vec<u8>, duration: Duration) {
    let micros = u64::from(duration.subsec_micros());
    decimal(
        out,
        duration
            .as_secs()
            .saturating_mul(1000)
            .saturating_add(micros / 1000),
    );
    let mut decimals = *b".000";
    fill(&mut decimals[1..], micros % 1000);
    out.extend_from_slice(&decimals);
}

/// Appends an address.
pub(super) fn ip(out: &mut Vec<u8>, ip: IpAddr) {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            decimal(out, a.into());
            for octet in [b, c, d] {
                out.push(b'.');
                decimal(out, octet.into());
            }
        }
        IpAddr::V6(ip) => write!(out, "{ip}").expect("a vector takes all bytes"),
    }
}
