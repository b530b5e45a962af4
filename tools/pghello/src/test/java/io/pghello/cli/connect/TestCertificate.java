// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import javax.security.auth.x500.X500Principal;
import org.jspecify.annotations.Nullable;

/**
 * A certificate and its key. Tests create certificates that no program for authorities would
 * create, without starting such a program.
 */
record TestCertificate(X509Certificate certificate, KeyPair keys) {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyyMMddHHmmss'Z'").withZone(ZoneOffset.UTC);

  private static final byte[] KEY_USAGE = {2, 5, 29, 15};
  private static final byte[] ALTERNATIVE_NAMES = {2, 5, 29, 17};
  private static final byte[] BASIC_CONSTRAINTS = {2, 5, 29, 19};
  private static final byte[] NAME_CONSTRAINTS = {2, 5, 29, 30};

  /** The values of the extension for basic constraints. */
  enum Authority {
    YES,
    NO,
    NOT_STATED
  }

  /**
   * The contents of a certificate.
   *
   * @param names e.g. {@code CN=localhost DNS:db.test IP:127.0.0.1}; {@code PERMITTED:test} limits
   *     the names in certificates of this authority
   * @param age the time since the certificate became valid; it is valid for one day
   */
  record Contents(String algorithm, String names, Authority authority, Duration age) {
    static Contents of(String names) {
      return new Contents("EC", names, Authority.NOT_STATED, Duration.ofHours(1));
    }

    Contents algorithm(String other) {
      return new Contents(other, names, authority, age);
    }

    Contents authority(Authority other) {
      return new Contents(algorithm, names, other, age);
    }

    Contents expired() {
      return new Contents(algorithm, names, authority, Duration.ofDays(2));
    }

    Contents notYetValid() {
      return new Contents(algorithm, names, authority, Duration.ofDays(-2));
    }

    TestCertificate selfSigned() throws Exception {
      return create(null);
    }

    TestCertificate issuedBy(TestCertificate issuer) throws Exception {
      return create(issuer);
    }

    private TestCertificate create(@Nullable TestCertificate issuer) throws Exception {
      KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
      generator.initialize(
          switch (algorithm) {
            case "EC" -> 256;
            case "Ed25519" -> 255;
            default -> 2048;
          });
      KeyPair keys = generator.generateKeyPair();
      KeyPair signer = issuer == null ? keys : issuer.keys;
      byte[] subject = subject();
      String signedBy = signer.getPrivate().getAlgorithm();
      byte[] signedWith =
          switch (signedBy) {
            case "EC" -> ecdsaWithSha256();
            case "EdDSA" -> ed25519();
            default -> sha256WithRsa();
          };
      Instant begin = Instant.now().minus(age);
      byte[] content =
          der(
              0x30,
              der(0xa0, der(2, new byte[] {2})),
              der(2, new byte[] {1, (byte) System.nanoTime(), (byte) keys.hashCode()}),
              signedWith,
              issuer == null ? subject : issuer.certificate.getSubjectX500Principal().getEncoded(),
              der(0x30, time(begin), time(begin.plus(Duration.ofDays(1)))),
              subject,
              keys.getPublic().getEncoded(),
              der(0xa3, der(0x30, extensions())));
      Signature signature =
          Signature.getInstance(
              switch (signedBy) {
                case "EC" -> "SHA256withECDSA";
                case "EdDSA" -> signedBy;
                default -> "SHA256withRSA";
              });
      signature.initSign(signer.getPrivate());
      signature.update(content);
      byte[] whole = der(0x30, content, signedWith, der(3, new byte[1], signature.sign()));
      return new TestCertificate(
          (X509Certificate)
              CertificateFactory.getInstance("X.509")
                  .generateCertificate(new ByteArrayInputStream(whole)),
          keys);
    }

    /** The first name is the first in the certificate, but the last in the text of a principal. */
    private byte[] subject() {
      List<String> parts = new ArrayList<>(List.of(names.split(" ", -1)));
      parts.removeIf(part -> !part.contains("="));
      Collections.reverse(parts);
      return new X500Principal(String.join(",", parts)).getEncoded();
    }

    private byte[] extensions() throws Exception {
      var extensions = new ByteArrayOutputStream();
      var alternatives = new ByteArrayOutputStream();
      for (String name : names.split(" ", -1)) {
        if (name.startsWith("DNS:")) {
          alternatives.writeBytes(der(0x82, name.substring(4).getBytes(StandardCharsets.US_ASCII)));
        } else if (name.startsWith("IP:")) {
          alternatives.writeBytes(der(0x87, InetAddress.getByName(name.substring(3)).getAddress()));
        } else if (name.startsWith("PERMITTED:")) {
          byte[] permitted = name.substring(10).getBytes(StandardCharsets.US_ASCII);
          extensions.writeBytes(
              extension(NAME_CONSTRAINTS, der(0xa0, der(0x30, der(0x82, permitted)))));
        }
      }
      if (alternatives.size() > 0) {
        extensions.writeBytes(extension(ALTERNATIVE_NAMES, alternatives.toByteArray()));
      }
      if (authority != Authority.NOT_STATED) {
        boolean isAuthority = authority == Authority.YES;
        extensions.writeBytes(
            extension(BASIC_CONSTRAINTS, isAuthority ? der(1, new byte[] {-1}) : new byte[0]));
        // keyCertSign, or digitalSignature
        extensions.writeBytes(
            der(
                0x30,
                der(6, oid(KEY_USAGE)),
                der(4, der(3, isAuthority ? new byte[] {2, 4} : new byte[] {7, -128}))));
      }
      return extensions.toByteArray();
    }

    private static byte[] extension(byte[] id, byte[] content) {
      return der(0x30, der(6, oid(id)), der(4, der(0x30, content)));
    }

    /** The first two numbers of an object identifier are one byte. */
    private static byte[] oid(byte[] numbers) {
      var bytes = new ByteArrayOutputStream();
      bytes.write(40 * numbers[0] + numbers[1]);
      bytes.write(numbers, 2, numbers.length - 2);
      return bytes.toByteArray();
    }

    private static byte[] time(Instant time) {
      return der(0x18, TIME.format(time).getBytes(StandardCharsets.US_ASCII));
    }

    private static byte[] ecdsaWithSha256() {
      return der(0x30, der(6, new byte[] {0x2a, -122, 0x48, -50, 0x3d, 4, 3, 2}));
    }

    private static byte[] ed25519() {
      return der(0x30, der(6, new byte[] {0x2b, 0x65, 0x70}));
    }

    private static byte[] sha256WithRsa() {
      return der(0x30, der(6, new byte[] {0x2a, -122, 0x48, -122, -9, 0x0d, 1, 1, 11}), der(5));
    }
  }

  /** Returns a self-signed certificate with names, e.g. {@code CN=localhost DNS:db.test}. */
  static X509Certificate withNames(String names) throws Exception {
    // The name of an issuer must not be empty.
    return Contents.of("O=Test " + names).selfSigned().certificate;
  }

  String pem() throws GeneralSecurityException {
    return pem("CERTIFICATE", certificate.getEncoded());
  }

  String keyPem() {
    return pem("PRIVATE KEY", keys.getPrivate().getEncoded());
  }

  /** Returns the certificates as one PEM file. */
  static String pem(TestCertificate... certificates) throws GeneralSecurityException {
    var all = new StringBuilder();
    for (TestCertificate each : certificates) {
      all.append(each.pem());
    }
    return all.toString();
  }

  static String pem(String label, byte[] bytes) {
    String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes);
    return "-----BEGIN " + label + "-----\n" + text + "\n-----END " + label + "-----\n";
  }

  /** Returns a DER element. */
  static byte[] der(int tag, byte[]... contents) {
    var content = new ByteArrayOutputStream();
    for (byte[] each : contents) {
      content.writeBytes(each);
    }
    var element = new ByteArrayOutputStream();
    element.write(tag);
    int length = content.size();
    if (length > 0xff) {
      element.writeBytes(new byte[] {(byte) 0x82, (byte) (length >> 8)});
    } else if (length > 0x7f) {
      element.write(0x81);
    }
    element.write(length);
    element.writeBytes(content.toByteArray());
    return element.toByteArray();
  }
}
