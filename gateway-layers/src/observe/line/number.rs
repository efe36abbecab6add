use std::{io::Write as _, net::IpAddr, time::Duration};

/// Appends a decimal number.
pub(super) fn decimal(out: &mut Vec<u8>, value: u64) {
    padded(out, value, 1);
}

/// Appends a number with leading zeros, at least `width` digits in all.
pub(super) fn padded(out: &mut Vec<u8>, mut value: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    while value > 0 {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
    }
    out.extend_from_slice(&digits[at.min(digits.len() - width)..]);
}

/// Appends milliseconds with three decimals.
pub(super) fn millis(out: &mut Vec<u8>, duration: Duration) {
    let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    decimal(out, micros / 1000);
    out.push(b'.');
    padded(out, micros % 1000, 3);
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
