use std::{io::Write as _, net::IpAddr, time::Duration};

/// Appends a decimal number.
pub(super) fn decimal(out: &mut Vec<u8>, mut value: u64) {
    if value < 10 {
        // A push is a store; to append a slice is a call of `memcpy`.
        out.push(b'0' + (value % 10) as u8);
        return;
    }
    let mut digits = [0; 20];
    let mut at = digits.len();
    while value > 0 {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
    }
    out.extend_from_slice(&digits[at..]);
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
    let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    decimal(out, micros / 1000);
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
