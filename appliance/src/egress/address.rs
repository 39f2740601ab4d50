//! Which network an address lies in.

use std::net::IpAddr;

use guildhall_web::network::{Reach, reach_of};

/// Whether an address lies in the network that a provider was declared for. A name that suddenly
/// resolves to the other side (DNS rebinding) is refused; some addresses are of no provider at all.
pub(super) fn check_address(address: IpAddr, local_network: bool) -> Result<(), &'static str> {
    match (reach_of(address), local_network) {
        (Reach::Nowhere, _) => Err("the address is no ordinary host's"),
        (Reach::Local, false) => Err(
            "the address lies on the local network, and the provider is not marked as one there",
        ),
        (Reach::Internet, true) => Err(
            "the address lies on the internet, and the provider is marked as one on the local network",
        ),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn addresses_belong_to_one_network() {
        let local = [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.9",
            "172.16.0.1",
            "100.64.1.1",
            "::1",
            "fd00::1",
            "::ffff:10.0.0.1",
        ];
        let internet = ["8.8.8.8", "104.18.6.192", "2606:4700::6812:6c0"];
        let nowhere = [
            "0.0.0.0",
            "169.254.169.254",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "::",
            "fe80::1",
            "ff02::1",
            "2002:7f00:1::",
            "64:ff9b::a00:1",
        ];
        for address in local {
            let address = address.parse().unwrap();
            assert!(
                check_address(address, true).is_ok() && check_address(address, false).is_err(),
                "{address}"
            );
        }
        for address in internet {
            let address = address.parse().unwrap();
            assert!(
                check_address(address, false).is_ok() && check_address(address, true).is_err(),
                "{address}"
            );
        }
        for address in nowhere {
            let address = address.parse().unwrap();
            assert!(
                check_address(address, false).is_err() && check_address(address, true).is_err(),
                "{address}"
            );
        }
    }
}
