// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGProperty;

/**
 * The TLS settings of a connection, from the same parameters and files as in libpq. The files are
 * named explicitly, because the driver has other defaults.
 *
 * @param mode libpq's mode
 * @param root the file with the certificates of authorities; it need not exist if the mode does not
 *     verify the server
 * @param verifies whether the server's certificate is verified
 * @param certificate the file with the client's certificate; null if there is none
 * @param key the file with the key of the client's certificate
 */
record TlsSettings(String mode, Path root, boolean verifies, @Nullable Path certificate, Path key) {
  private static final Set<String> MODES =
      Set.of("disable", "allow", "prefer", "require", "verify-ca", "verify-full");

  /** The bundles of certificates of Debian and Alpine, Red Hat, SUSE and macOS. */
  private static final List<String> BUNDLES =
      List.of(
          "/etc/ssl/certs/ca-certificates.crt",
          "/etc/pki/tls/certs/ca-bundle.crt",
          "/etc/ssl/ca-bundle.pem",
          "/etc/ssl/cert.pem");

  /**
   * Returns the settings of a connection over TCP.
   *
   * @param mode the result of {@link #mode}
   * @param value returns the value of a parameter; null if it is not set
   * @param variables the environment
   * @param home the home directory, which contains libpq's files
   * @throws IllegalArgumentException if a parameter is invalid, or a required file is missing
   */
  static TlsSettings of(
      String mode,
      Function<String, @Nullable String> value,
      Function<String, @Nullable String> variables,
      Path home) {
    Path files = home.resolve(".postgresql");
    String givenRoot = value.apply("sslrootcert");
    Path root =
        "system".equals(givenRoot)
            ? systemBundle(variables)
            : path(givenRoot, files.resolve("root.crt"));
    boolean verifies = !mode.equals("disable") && exists(root);
    if (!verifies && (mode.startsWith("verify-") || (mode.equals("require") && isSet(givenRoot)))) {
      throw new IllegalArgumentException(
          "sslmode is %s, but the file %s does not exist: set sslrootcert to the certificate of the authority that issued the server's certificate"
              .formatted(mode, root));
    }
    if (verifies && Files.exists(files.resolve("root.crl"))) {
      throw new IllegalArgumentException(
          "libpq would use the revocation list %s, but pghello does not check revocation lists: remove it"
              .formatted(files.resolve("root.crl")));
    }
    Path certificate = path(value.apply("sslcert"), files.resolve("postgresql.crt"));
    Path key = path(value.apply("sslkey"), files.resolve("postgresql.key"));
    // Like libpq, does not require that the certificate exists.
    boolean hasCertificate = !mode.equals("disable") && exists(certificate);
    return new TlsSettings(mode, root, verifies, hasCertificate ? certificate : null, key);
  }

  /**
   * Returns the mode. The default depends on the other parameters.
   *
   * @throws IllegalArgumentException if the mode is invalid
   */
  static String mode(
      Function<String, @Nullable String> value, Function<String, @Nullable String> variables) {
    boolean isSystem = "system".equals(value.apply("sslrootcert"));
    String mode = value.apply("sslmode");
    String isRequired = variables.apply("PGREQUIRESSL");
    if (mode == null) {
      mode = isSystem ? "verify-full" : "prefer";
      if (isRequired != null && isRequired.startsWith("1")) {
        mode = "require";
      }
    }
    if (!MODES.contains(mode)) {
      throw new IllegalArgumentException(
          "sslmode must be disable, allow, prefer, require, verify-ca or verify-full, but is "
              + mode);
    }
    if (isSystem && !mode.equals("verify-full")) {
      throw new IllegalArgumentException(
          "sslrootcert is system, but sslmode is " + mode + ": set sslmode to verify-full");
    }
    return mode;
  }

  /** Returns the bundle that OpenSSL would use. Versions of libpq before 16 need its path. */
  private static Path systemBundle(Function<String, @Nullable String> variables) {
    String file = variables.apply("SSL_CERT_FILE");
    if (isSet(file)) {
      return Path.of(file);
    }
    if (isSet(variables.apply("SSL_CERT_DIR"))) {
      throw new IllegalArgumentException(
          "sslrootcert is system, but pghello does not read SSL_CERT_DIR: set SSL_CERT_FILE");
    }
    return BUNDLES.stream()
        .map(Path::of)
        .filter(Files::exists)
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "sslrootcert is system, but there is none of %s: set SSL_CERT_FILE"
                        .formatted(String.join(", ", BUNDLES))));
  }

  /** Sets the properties of the driver, except for the mode of each attempt to connect. */
  void setProperties(Properties properties) {
    PGProperty.SSL_MODE.set(properties, mode);
    PGProperty.SSL_FACTORY.set(properties, TlsSocketFactory.class.getName());
    PGProperty.SSL_HOSTNAME_VERIFIER.set(properties, ServerNameVerifier.class.getName());
    if (verifies) {
      PGProperty.SSL_ROOT_CERT.set(properties, root.toString());
    }
    if (certificate != null) {
      PGProperty.SSL_CERT.set(properties, certificate.toString());
      PGProperty.SSL_KEY.set(properties, key.toString());
    }
  }

  /** Returns the modes of the driver that a connection tries in this order. */
  static List<String> attempts(Properties properties) {
    String mode = String.valueOf(PGProperty.SSL_MODE.getOrDefault(properties));
    return switch (mode) {
      case "allow" -> List.of("disable", "require");
      case "prefer" -> List.of("require", "disable");
      // TlsSocketFactory verifies the certificate.
      case "verify-ca" -> List.of("require");
      default -> List.of(mode);
    };
  }

  /** Returns the environment of PostgreSQL's programs. */
  Map<String, String> environment() {
    var environment = new HashMap<String, String>();
    environment.put("PGSSLMODE", mode);
    environment.put("PGSSLROOTCERT", root.toString());
    if (certificate != null) {
      environment.put("PGSSLCERT", certificate.toString());
      environment.put("PGSSLKEY", key.toString());
    }
    return environment;
  }

  /** Like libpq, considers a file that this process cannot access to exist. */
  private static boolean exists(Path file) {
    try {
      Files.readAttributes(file, BasicFileAttributes.class);
      return true;
    } catch (IOException e) {
      return e instanceof AccessDeniedException;
    }
  }

  private static boolean isSet(@Nullable String value) {
    return value != null && !value.isEmpty();
  }

  private static Path path(@Nullable String given, Path otherwise) {
    return isSet(given) ? Path.of(given) : otherwise;
  }
}
