// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.cli.connect.TestCertificate.Authority;
import io.pghello.cli.connect.TestCertificate.Contents;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Accepts and rejects the same certificates as OpenSSL. */
class ServerCertificatesTest {
  private static final Contents LEAF = Contents.of("CN=localhost DNS:localhost");
  private static final Contents ROOT = Contents.of("CN=Root").authority(Authority.YES);

  private static TestCertificate root;
  private static TestCertificate intermediate;

  @TempDir private Path folder;

  @BeforeAll
  static void createAuthorities() throws Exception {
    root = ROOT.selfSigned();
    intermediate = Contents.of("CN=Intermediate").authority(Authority.YES).issuedBy(root);
  }

  /** Checks a chain that a server sends, with the certificates of the file. */
  private void check(TestCertificate[] file, TestCertificate... chain) throws Exception {
    Path path = Files.writeString(folder.resolve("root.crt"), TestCertificate.pem(file));
    TlsSocketFactory.trust(path)
        .checkServerTrusted(
            Stream.of(chain).map(TestCertificate::certificate).toArray(X509Certificate[]::new),
            "UNKNOWN");
  }

  private static TestCertificate[] file(TestCertificate... certificates) {
    return certificates;
  }

  private void accepts(TestCertificate[] file, TestCertificate... chain) {
    assertThatNoException().isThrownBy(() -> check(file, chain));
  }

  private void rejects(TestCertificate[] file, TestCertificate... chain) {
    assertThatThrownBy(() -> check(file, chain)).isInstanceOf(CertificateException.class);
  }

  private void rejectsFile(TestCertificate root, TestCertificate leaf) {
    assertThatThrownBy(() -> check(file(root), leaf))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageEndingWith(
            "root.crt has expired or is not yet valid: replace it, or check the clock");
  }

  @Test
  void findsIntermediateCertificates() throws Exception {
    TestCertificate leaf = LEAF.issuedBy(intermediate);
    accepts(file(root), LEAF.issuedBy(root));
    accepts(file(root), leaf, intermediate);
    accepts(file(root, intermediate), leaf);
    rejects(file(root), leaf);
    rejects(file(root), LEAF.issuedBy(ROOT.selfSigned()));
  }

  @Test
  void needsTheCertificateOfTheRoot() {
    assertThatThrownBy(() -> check(file(intermediate), LEAF.issuedBy(intermediate), intermediate))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("contains no self-signed certificate");
  }

  @Test
  void acceptsTheServersOwnCertificate() throws Exception {
    for (Authority authority : Authority.values()) {
      TestCertificate own = LEAF.authority(authority).selfSigned();
      accepts(file(own), own);
      accepts(file(root, own), own);
      rejects(file(root), own);
    }
  }

  @Test
  void rejectsCertificatesThatAreNotValidNow() throws Exception {
    for (TestCertificate own :
        new TestCertificate[] {LEAF.expired().selfSigned(), LEAF.notYetValid().selfSigned()}) {
      rejectsFile(own, own);
      rejects(file(root, own), own);
    }
    rejects(file(root), LEAF.expired().issuedBy(root));
    TestCertificate expired = ROOT.expired().selfSigned();
    rejectsFile(expired, LEAF.issuedBy(expired));
    accepts(file(expired, root), LEAF.issuedBy(root));
    rejects(file(expired, root), LEAF.issuedBy(expired));
  }

  /** Java does not check the names that a root permits. */
  @Test
  void doesNotTrustARootThatLimitsNames() throws Exception {
    TestCertificate limited =
        Contents.of("CN=Limited PERMITTED:corp.test").authority(Authority.YES).selfSigned();
    TestCertificate leaf = LEAF.issuedBy(limited);
    assertThatThrownBy(() -> check(file(limited), leaf))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageEndingWith("use a root certificate without them");
    rejects(file(root, limited), leaf);
    accepts(file(root, limited), LEAF.issuedBy(root));
  }

  @Test
  void rejectsCertificatesOfServersAsAuthorities() throws Exception {
    for (Authority authority : new Authority[] {Authority.NO, Authority.NOT_STATED}) {
      TestCertificate other = LEAF.authority(authority).selfSigned();
      rejects(file(other), LEAF.issuedBy(other));
      rejects(file(root, other), LEAF.issuedBy(other));
    }
  }

  @Test
  void limitsTheSizeOfFiles() throws Exception {
    Path path = folder.resolve("large");
    try (var file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(16 << 20);
      assertThat(TlsFile.read(path)).hasSize(16 << 20);
      file.setLength((16 << 20) + 1);
    }
    assertThatThrownBy(() -> TlsFile.read(path))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(path + " is larger than 16 MB");
  }
}
