"""Which addresses may be reached."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from connectory.errors import AddressRefused, InvalidSettings
from connectory.net.address import AllowList, Reach, check_addresses, check_name, reach_of

PUBLIC = ["8.8.8.8", "140.82.112.6", "99.255.255.255", "100.128.0.0", "172.32.0.1", "192.0.1.1", "223.255.255.255",
          "2606:4700::1111", "2a00:1450:4001::200e", "64:ff9b::808:808", "::ffff:8.8.8.8",
          "2001:4860:4860::8888"]  # fmt: skip
PRIVATE = ["10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.1.1", "172.16.0.1", "192.0.0.1",
           "192.0.2.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "240.0.0.1", "192.88.99.1", "::1",
           "fe80::1", "fd00::1", "fc00::1", "fec0::1", "2001:db8::1", "2001::1", "2002:7f00:1::", "2002:808:808::",
           "3fff::1", "100::1", "5f00::1", "::7f00:1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:a00:1",
           "64:ff9b::7f00:1", "64:ff9b::a00:1", "::ffff:0:7f00:1", "64:ff9b:1::808:808", "64:ff9b:1:7f00:0:1::",
           "2606:4700::5efe:7f00:1",
           "2606:4700::200:5efe:a00:1"]  # fmt: skip
NEVER = ["0.0.0.0", "0.1.2.3", "224.0.0.1", "239.255.255.250", "255.255.255.255", "169.254.169.254", "169.254.170.2",
         "169.254.170.23", "100.100.100.200", "168.63.129.16", "::", "ff02::1", "fd00:ec2::254", "fd20:ce::254",
         "::ffff:a9fe:a9fe", "::ffff:0.0.0.0", "64:ff9b::a9fe:a9fe", "::a9fe:a9fe", "::ffff:0:a9fe:a9fe",
         "2002:a9fe:a9fe::1", "2001:0:a9fe:a9fe::1", "2001::5601:5601", "64:ff9b:1::a9fe:a9fe",
         "64:ff9b:1:a9fe:a9:fe00::", "64:ff9b:1:a9:fe:a9fe::", "64:ff9b:1:0:a9:fea9:fe00:0",
         "2606:4700::5efe:a9fe:a9fe", "64:ff9b::"]  # fmt: skip


@pytest.mark.parametrize(
    ("address", "reach"),
    [*((a, Reach.PUBLIC) for a in PUBLIC), *((a, Reach.PRIVATE) for a in PRIVATE), *((a, Reach.NEVER) for a in NEVER)],
)
def test_an_address_is_judged_by_itself_and_by_what_is_inside(address: str, reach: Reach) -> None:
    assert reach_of(ip_address(address)) is reach


def check(*found: str, host: str = "nas.example", allow: tuple[str, ...] = (), confirmed: bool = False) -> list[str]:
    addresses = check_addresses(found, host=host, port=443, allow=AllowList(allow), private_confirmed=confirmed)
    return [str(address) for address in addresses]


def test_public_addresses_pass_in_their_order() -> None:
    assert check("2606:4700::1111", "8.8.8.8") == ["2606:4700::1111", "8.8.8.8"]


def test_a_mapped_address_comes_back_as_what_the_socket_reaches() -> None:
    assert check("::ffff:8.8.8.8") == ["8.8.8.8"]


@pytest.mark.parametrize(
    "found", [("8.8.8.8", "10.0.0.1"), ("10.0.0.1", "8.8.8.8"), ("8.8.8.8", "fe80::1%eth0"), ("x",)]
)
def test_one_refused_address_refuses_all(found: tuple[str, ...]) -> None:
    with pytest.raises(AddressRefused):
        check(*found)


@pytest.mark.parametrize("entry", ["nas.example:443", "NAS.example:443", "10.0.0.5:443"])
def test_the_operator_allows_by_name_or_by_address(entry: str) -> None:
    assert check("10.0.0.5", allow=(entry,)) == ["10.0.0.5"]
    assert check("::ffff:10.0.0.5", allow=(entry,)) == ["10.0.0.5"]


@pytest.mark.parametrize("entry", ["nas.example:80", "10.0.0.6:443", "other.example:443"])
def test_what_the_operator_allowed_elsewhere_is_not_allowed_here(entry: str) -> None:
    with pytest.raises(AddressRefused, match="private"):
        check("10.0.0.5", allow=(entry,))


def test_a_confirmed_private_address_passes() -> None:
    assert check("10.0.0.5", "fd00::5", confirmed=True) == ["10.0.0.5", "fd00::5"]


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "fd00:ec2::254", "0.0.0.0", "::", "224.0.0.1", "255.255.255.255"]
)
def test_nobody_can_allow_metadata_or_what_is_no_host(address: str) -> None:
    entry = f"[{address}]:443" if ":" in address else f"{address}:443"
    with pytest.raises(AddressRefused, match="never"):
        check(address, allow=(entry, "nas.example:443"), confirmed=True)


def test_metadata_services_are_refused_by_name_too() -> None:
    with pytest.raises(AddressRefused, match="never"):
        check_name("metadata.google.internal", 80)
    check_name("api.github.com", 443)


def test_a_refusal_says_what_to_do() -> None:
    with pytest.raises(AddressRefused) as refusal:
        check("10.0.0.5")

    assert "CONNECTORY_ALLOW_HOSTS=nas.example:443" in refusal.value.hint
    assert "connect page" in refusal.value.hint
    assert "10.0.0.5" not in refusal.value.text  # what a name leads to inside is not told


@pytest.mark.parametrize("entry", ["", "host", "host:", "host:0", "host:70000", "host:٣", ":443", "a b:1", "[x]:1"])
def test_an_entry_that_is_no_host_and_port_stops_the_start(entry: str) -> None:
    with pytest.raises(InvalidSettings, match="CONNECTORY_ALLOW_HOSTS"):
        AllowList([entry])
