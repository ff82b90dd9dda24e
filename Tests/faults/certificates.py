"""An authority for the test, and valid and invalid certificates, made with openssl."""

import pathlib
import ssl
import subprocess
import tempfile


class Authority:
    def __init__(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="scorm-gateway-certificates.")
        self.directory = pathlib.Path(self.temporary.name)
        self.path = self.directory / "authority.pem"
        self.key = self.directory / "authority.key"
        self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30",
                      "-subj", "/CN=Test authority", "-keyout", self.key, "-out", self.path)

    @staticmethod
    def _openssl(*arguments):
        done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True)
        if done.returncode:
            raise AssertionError(f"openssl {arguments[0]}: {done.stderr}")

    def server_context(self, name="localhost", is_expired=False, is_self_signed=False):
        """TLS settings of a server with a certificate for `name`."""
        stem = self.directory / f"{name}-{is_expired}-{is_self_signed}"
        certificate, key, request = (stem.with_suffix(suffix) for suffix in (".pem", ".key", ".csr"))
        extension = f"subjectAltName=DNS:{name}"
        if is_self_signed:
            self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj",
                          f"/CN={name}", "-addext", extension, "-keyout", key, "-out", certificate)
        else:
            self._openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
                          "-keyout", key, "-out", request)
            extensions = stem.with_suffix(".ext")
            extensions.write_text(extension + "\n")
            # With a negative number of days it ends before it begins, so it is always expired.
            self._openssl("x509", "-req", "-in", request, "-CA", self.path, "-CAkey", self.key,
                          "-CAcreateserial", "-days", "-1" if is_expired else "30",
                          "-extfile", extensions, "-out", certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context
