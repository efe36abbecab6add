//! The two messages of `grpc.health.v1.Health/Check`, by hand: a string each way would not be worth a
//! code generator.

/// The path of the method.
pub(super) const PATH: &str = "/grpc.health.v1.Health/Check";

/// A `HealthCheckRequest` for `service`, in its frame.
pub(super) fn request(service: &str) -> Vec<u8> {
    let mut message = Vec::with_capacity(service.len() + 4);
    if !service.is_empty() {
        message.push(SERVICE);
        varint(&mut message, service.len());
        message.extend_from_slice(service.as_bytes());
    }
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    let mut frame = vec![UNCOMPRESSED];
    frame.extend_from_slice(&length.to_be_bytes());
    frame.append(&mut message);
    frame
}

/// Whether `body` is one frame with a `HealthCheckResponse` that says `SERVING`.
pub(super) fn is_serving(body: &[u8]) -> bool {
    let Some((&[UNCOMPRESSED, a, b, c, d], message)) = body.split_first_chunk::<5>() else {
        return false;
    };
    let length = u32::from_be_bytes([a, b, c, d]);
    usize::try_from(length).is_ok_and(|length| length == message.len())
        && status(message) == Some(SERVING)
}

/// The last value of field 1; 0, as proto3 has it, without one.
fn status(mut message: &[u8]) -> Option<u64> {
    let mut status = 0;
    while !message.is_empty() {
        let tag = take_varint(&mut message)?;
        match (tag >> 3, tag & 7) {
            (1, 0) => status = take_varint(&mut message)?,
            (_, 0) => drop(take_varint(&mut message)?),
            (_, 1) => message = message.get(8..)?,
            (_, 2) => {
                let length = usize::try_from(take_varint(&mut message)?).ok()?;
                message = message.get(length..)?;
            }
            (_, 5) => message = message.get(4..)?,
            _ => return None,
        }
    }
    Some(status)
}

fn varint(message: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        message.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    message.push(value as u8);
}

fn take_varint(message: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = message.split_first()?;
        *message = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

const UNCOMPRESSED: u8 = 0;
/// Field 1, length-delimited.
const SERVICE: u8 = 0x0a;
const SERVING: u64 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_name_the_service() {
        assert_eq!(request(""), [0, 0, 0, 0, 0]);
        assert_eq!(request("ab"), [0, 0, 0, 0, 4, 0x0a, 2, b'a', b'b']);
        let long = request(&"x".repeat(300));
        assert_eq!(long[..8], [0, 0, 0, 1, 47, 0x0a, 0xac, 0x02]);
        assert_eq!(long.len(), 5 + 303);
    }

    #[test]
    fn serving_is_one_and_nothing_else() {
        assert!(is_serving(&[0, 0, 0, 0, 2, 8, 1]));
        // An unknown field of each wire type in front.
        let unknown = [
            0x10, 0xff, 1, 0x19, 0, 0, 0, 0, 0, 0, 0, 0, 0x22, 1, 9, 0x2d, 0, 0, 0, 0,
        ];
        let mut body = vec![0, 0, 0, 0, 22];
        body.extend_from_slice(&unknown);
        body.extend_from_slice(&[8, 1]);
        assert!(is_serving(&body));
        for other in [
            &[][..],
            &[0, 0, 0, 0, 0],
            &[0, 0, 0, 0, 2, 8, 2],
            &[0, 0, 0, 0, 3, 8, 1],
            &[1, 0, 0, 0, 2, 8, 1],
            &[0, 0, 0, 0, 2, 8, 0x80],
            &[0, 0, 0, 0, 2, 0x0b, 1],
            &[0, 0, 0, 0, 2, 0x12, 9],
        ] {
            assert!(!is_serving(other), "{other:?}");
        }
    }
}
