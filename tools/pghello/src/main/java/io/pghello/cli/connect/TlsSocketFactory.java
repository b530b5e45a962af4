// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

import io.pghello.cli.output.Failure;
import java.io.ByteArrayInputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.CertStore;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.CertPathTrustManagerParameters;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509KeyManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGProperty;
import org.postgresql.ssl.NonValidatingFactory.NonValidatingTM;
import org.postgresql.ssl.WrappedFactory;

/**
 * Creates the TLS connections of the driver with the rules of libpq. The driver's own factory sends
 * a client certificate only to some servers, and supports fewer kinds of keys.
 */
public final class TlsSocketFactory extends WrappedFactory {
  /** The extension that limits the names of servers. */
  private static final String NAME_CONSTRAINTS = "2.5.29.30";

  /** The signature algorithms without a digest: Ed25519 and Ed448. */
  private static final Set<String> WITHOUT_DIGEST = Set.of("1.3.101.112", "1.3.101.113");

  private static final Pattern CERTIFICATE =
      Pattern.compile("-----BEGIN (?:X509 )?CERTIFICATE-----[^-]*-----END (?:X509 )?CERTIFICATE");

  /**
   * Called by the driver with the properties of the connection. The server is verified if {@code
   * sslrootcert} is set.
   *
   * @throws IllegalArgumentException if libpq could not use a file
   * @throws Failure if libpq would ask for the password of a key
   */
  public TlsSocketFactory(Properties properties) throws GeneralSecurityException {
    String root = PGProperty.SSL_ROOT_CERT.getOrDefault(properties);
    String certificate = PGProperty.SSL_CERT.getOrDefault(properties);
    String key = PGProperty.SSL_KEY.getOrDefault(properties);
    X509TrustManager trust = root == null ? new NonValidatingTM() : trust(Path.of(root));
    if (PGProperty.PASSWORD.getOrDefault(properties) != null
        && !"disable".equals(PGProperty.CHANNEL_BINDING.getOrDefault(properties))) {
      trust = new BindableTrust(trust);
    }
    KeyManager[] keys =
        certificate == null || key == null
            ? new KeyManager[0]
            : new KeyManager[] {client(Path.of(certificate), Path.of(key))};
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys, new TrustManager[] {trust}, null);
    factory = context.getSocketFactory();
  }

  static X509TrustManager trust(Path root) throws GeneralSecurityException {
    List<X509Certificate> certificates = certificates(root);
    // Like OpenSSL, does not trust an authority unless the file has all those above it.
    List<X509Certificate> roots =
        certificates.stream()
            .filter(each -> each.getSubjectX500Principal().equals(each.getIssuerX500Principal()))
            .toList();
    if (roots.isEmpty()) {
      throw new IllegalArgumentException(
          "the file %s contains no self-signed certificate: add the certificate of the root authority"
              .formatted(root));
    }
    var anchors = new HashSet<TrustAnchor>();
    for (X509Certificate each : roots) {
      // Java checks neither of these for a root.
      if (isValidNow(each) && each.getExtensionValue(NAME_CONSTRAINTS) == null) {
        anchors.add(new TrustAnchor(each, null));
      }
    }
    if (anchors.isEmpty() && roots.stream().anyMatch(TlsSocketFactory::isValidNow)) {
      throw new IllegalArgumentException(
          "the root certificate in the file %s has name constraints, which pghello does not check: use a root certificate without them"
              .formatted(root));
    }
    if (anchors.isEmpty()) {
      throw new IllegalArgumentException(
          "the certificate in the file %s has expired or is not yet valid: replace it, or check the clock"
              .formatted(root));
    }
    var parameters = new PKIXBuilderParameters(anchors, new X509CertSelector());
    parameters.addCertStore(
        CertStore.getInstance("Collection", new CollectionCertStoreParameters(certificates)));
    // Revocation lists are refused.
    parameters.setRevocationEnabled(false);
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(new CertPathTrustManagerParameters(parameters));
    return (X509TrustManager) trust.getTrustManagers()[0];
  }

  private static boolean isValidNow(X509Certificate certificate) {
    try {
      certificate.checkValidity();
      return true;
    } catch (CertificateException e) {
      return false;
    }
  }

  private static KeyManager client(Path certificate, Path key) throws GeneralSecurityException {
    List<X509Certificate> chain = certificates(certificate);
    return new ClientKeyManager(chain, ClientKey.read(key, chain.get(0).getPublicKey()));
  }

  /** Returns the certificates of a PEM file, which may contain other text. */
  private static List<X509Certificate> certificates(Path file) {
    String text = new String(TlsFile.read(file), StandardCharsets.ISO_8859_1);
    var certificates = new ArrayList<X509Certificate>();
    try {
      CertificateFactory reader = CertificateFactory.getInstance("X.509");
      for (Matcher found = CERTIFICATE.matcher(text); found.find(); ) {
        byte[] pem = (found.group() + "-----\n").getBytes(StandardCharsets.ISO_8859_1);
        certificates.add(
            (X509Certificate) reader.generateCertificate(new ByteArrayInputStream(pem)));
      }
    } catch (CertificateException e) {
      throw new IllegalArgumentException(
          "%s contains an invalid certificate (%s): use a file in PEM format"
              .formatted(file, e.getMessage()),
          e);
    }
    if (certificates.isEmpty()) {
      throw new IllegalArgumentException(
          file + " contains no certificate: set sslcert and sslrootcert to files in PEM format");
    }
    return certificates;
  }

  /**
   * Rejects certificates for which channel binding is not defined. libpq would not log in with
   * SCRAM. With other methods, such as md5, it would.
   */
  private record BindableTrust(X509TrustManager target) implements X509TrustManager {
    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type)
        throws CertificateException {
      target.checkServerTrusted(chain, type);
      if (WITHOUT_DIGEST.contains(chain[0].getSigAlgOID())) {
        throw new CertificateException(
            Failure.unknown(
                "the server's certificate has a signature (%s) without a digest, which channel binding needs: set PGCHANNELBINDING=disable"
                    .formatted(chain[0].getSigAlgName())));
      }
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type)
        throws CertificateException {
      target.checkClientTrusted(chain, type);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return target.getAcceptedIssuers();
    }
  }

  /**
   * Sends the certificate to every server that requests one, even if the server does not list its
   * authority.
   */
  private record ClientKeyManager(List<X509Certificate> chain, PrivateKey key)
      implements X509KeyManager {
    @Override
    public String chooseClientAlias(
        String[] types, Principal @Nullable [] issuers, @Nullable Socket socket) {
      return "client";
    }

    @Override
    public String[] getClientAliases(String type, Principal @Nullable [] issuers) {
      return new String[] {"client"};
    }

    @Override
    public X509Certificate[] getCertificateChain(String alias) {
      return chain.toArray(X509Certificate[]::new);
    }

    @Override
    public PrivateKey getPrivateKey(String alias) {
      return key;
    }

    @Override
    public String[] getServerAliases(String type, Principal @Nullable [] issuers) {
      return new String[0];
    }

    @Override
    public @Nullable String chooseServerAlias(
        String type, Principal @Nullable [] issuers, @Nullable Socket socket) {
      return null;
    }
  }
}
