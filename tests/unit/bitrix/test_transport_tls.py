"""Защищённая связь с порталом: TLS не ниже 1.2 и проверенный сертификат (ТЗ 3.4)."""

import socket
import ssl
import warnings
from pathlib import Path

import pytest

from demo.portal.tls import write_certificate
from services.bitrix.responses import PortalUnreachable
from tests.support.http_site import failure, open_link, running, says


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Сертификат 127.0.0.1 и его ключ."""
    return write_certificate(tmp_path_factory.mktemp("tls"))


def server_context(certificate: tuple[Path, Path], version: ssl.TLSVersion) -> ssl.SSLContext:
    """Строит сервер, знающий одну версию TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    _only(context, version)
    return context


def lenient_client(ca_file: Path) -> ssl.SSLContext:
    """Строит клиента, который согласен и на TLS 1.1."""
    context = ssl.create_default_context(cafile=str(ca_file))
    _only(context, ssl.TLSVersion.TLSv1_1)
    return context


def _only(context: ssl.SSLContext, version: ssl.TLSVersion) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        # Старые версии OpenSSL допускает лишь на нулевом уровне безопасности.
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = version
        context.minimum_version = version


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_modern_tls_is_spoken(certificate: tuple[Path, Path], version: ssl.TLSVersion) -> None:
    with running(says(200, b'{"result": 1}'), server_context(certificate, version)) as site:
        link = open_link(site.url, ca_file=certificate[0])
        assert link.post("profile", {}).body == {"result": 1}
        link.close()


def test_tls_below_1_2_is_refused_even_where_nothing_else_is_offered(certificate: tuple[Path, Path]) -> None:
    with running(says(200, b"{}"), server_context(certificate, ssl.TLSVersion.TLSv1_1)) as site:
        address = ("127.0.0.1", site.server.server_port)
        try:
            with (
                socket.create_connection(address, 10) as raw,
                lenient_client(certificate[0]).wrap_socket(raw, server_hostname="127.0.0.1") as old,
            ):
                assert old.version() == "TLSv1.1"
        except ssl.SSLError as error:  # pragma: no cover
            pytest.skip(f"ВНИМАНИЕ: OpenSSL этой машины не умеет TLS 1.1 ({error.reason}), проверять нечем")
        error = failure(open_link(site.url, ca_file=certificate[0]))
    assert isinstance(error, PortalUnreachable)
    assert "TLS 1.2" in str(error)
    assert site.seen == []


def test_stranger_with_another_certificate_gets_nothing(certificate: tuple[Path, Path]) -> None:
    with running(says(200, b"{}"), server_context(certificate, ssl.TLSVersion.TLSv1_3)) as site:
        error = failure(open_link(site.url))
    assert isinstance(error, PortalUnreachable)
    assert "сертификат" in str(error)
    assert "ca_file" in str(error)
    assert site.seen == []


def test_certificate_of_another_host_is_refused(certificate: tuple[Path, Path]) -> None:
    context = server_context(certificate, ssl.TLSVersion.TLSv1_3)
    with running(says(200, b"{}"), context, host="127.0.0.2") as site:
        error = failure(open_link(site.url, ca_file=certificate[0]))
    assert isinstance(error, PortalUnreachable)
    assert site.seen == []


@pytest.mark.parametrize("text", [None, "", "не сертификат", "-----BEGIN CERTIFICATE-----\nAAAA\n"], ids=repr)
def test_missing_or_broken_file_of_certificates_is_a_portal_out_of_reach(
    tmp_path: Path, text: str | None
) -> None:
    file = tmp_path / "ca.pem"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    error = failure(open_link("https://127.0.0.1:9/rest/1/x/", ca_file=file))
    assert isinstance(error, PortalUnreachable)
    assert str(file) in str(error)


def test_file_of_certificates_gone_at_run_time_is_a_portal_out_of_reach(
    certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(certificate[0].read_bytes())
    with running(says(200, b'{"result": 1}'), server_context(certificate, ssl.TLSVersion.TLSv1_3)) as site:
        link = open_link(site.url, ca_file=file)
        link.post("profile", {})
        file.unlink()
        error = failure(link)
    assert isinstance(error, PortalUnreachable)
    assert str(file) in str(error)
