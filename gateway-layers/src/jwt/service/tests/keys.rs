//! Made for these tests, and known to everybody who reads them.

pub(super) const RSA1: &str = include_str!("../../testdata/rsa1.pem");
pub(super) const RSA1_PUBLIC: &str = include_str!("../../testdata/rsa1.pub");
pub(super) const EC1: &str = include_str!("../../testdata/ec1.pem");
pub(super) const EC1_PUBLIC: &str = include_str!("../../testdata/ec1.pub");
pub(super) const EC1_CERTIFICATE: &str = include_str!("../../testdata/cert.pem");
pub(super) const EC2: &str = include_str!("../../testdata/ec2.pem");
pub(super) const EC2_PUBLIC: &str = include_str!("../../testdata/ec2.pub");
pub(super) const EC384: &str = include_str!("../../testdata/ec384.pem");
pub(super) const EC384_PUBLIC: &str = include_str!("../../testdata/ec384.pub");
pub(super) const ED: &str = include_str!("../../testdata/ed.pem");
pub(super) const ED_PUBLIC: &str = include_str!("../../testdata/ed.pub");
pub(super) const SECRET: &str = "not a secret, but of 32 bytes...";
