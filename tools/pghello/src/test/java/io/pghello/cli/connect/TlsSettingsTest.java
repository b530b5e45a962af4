// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGProperty;

class TlsSettingsTest {
  @TempDir private Path home;
  private Path files;
  private final Map<String, String> variables = new HashMap<>();

  @BeforeEach
  void createFolder() throws IOException {
    files = Files.createDirectory(home.resolve(".postgresql"));
  }

  /** libpq documents this for require, and does it with allow and prefer, too. */
  @ParameterizedTest
  @ValueSource(strings = {"allow", "prefer", "require", "verify-ca", "verify-full"})
  void verifiesIfRootCertificateExists(String mode) throws IOException {
    String given = Files.createFile(home.resolve("ca.pem")).toString();
    assertThat(properties("sslmode", mode, "sslrootcert", given))
        .containsEntry("sslmode", mode)
        .containsEntry("sslrootcert", given);
    String byDefault = Files.createFile(files.resolve("root.crt")).toString();
    assertThat(properties("sslmode", mode)).containsEntry("sslrootcert", byDefault);
    assertThat(find("sslmode", mode).environment())
        .containsEntry("PGSSLMODE", mode)
        .containsEntry("PGSSLROOTCERT", byDefault);
    assertThat(properties("sslmode", "disable")).doesNotContainKey("sslrootcert");
  }

  @ParameterizedTest
  @ValueSource(strings = {"allow", "prefer", "require"})
  void doesNotVerifyWithoutRootCertificate(String mode) {
    assertThat(properties("sslmode", mode)).doesNotContainKey("sslrootcert");
  }

  @ParameterizedTest
  @CsvSource({
    "disable, disable",
    "allow, disable require",
    "prefer, require disable",
    "require, require",
    "verify-ca, require",
    "verify-full, verify-full"
  })
  void triesSameModesAsLibpq(String mode, String attempts) {
    var properties = new Properties();
    PGProperty.SSL_MODE.set(properties, mode);
    assertThat(TlsSettings.attempts(properties)).containsExactly(attempts.split(" ", -1));
  }

  @Test
  void verifiesByDefaultWithCertificatesOfSystem() {
    variables.put("SSL_CERT_FILE", files.toString());
    TlsSettings tls = find("sslrootcert", "system");
    assertThat(properties("sslrootcert", "system"))
        .containsEntry("sslmode", "verify-full")
        .containsEntry("sslrootcert", files.toString());
    // libpq before 16 would look for a file with the name "system".
    assertThat(tls.environment())
        .containsEntry("PGSSLMODE", "verify-full")
        .containsEntry("PGSSLROOTCERT", files.toString());
    variables.remove("SSL_CERT_FILE");
    variables.put("SSL_CERT_DIR", "/certificates");
    assertThatThrownBy(() -> find("sslrootcert", "system"))
        .hasMessageContaining("pghello does not read SSL_CERT_DIR");
  }

  @ParameterizedTest
  @ValueSource(strings = {"disable", "allow", "prefer", "require", "verify-ca"})
  void certificatesOfSystemNeedVerifyFull(String mode) {
    assertThatThrownBy(() -> find("sslrootcert", "system", "sslmode", mode))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "sslrootcert is system, but sslmode is " + mode + ": set sslmode to verify-full");
  }

  @Test
  void readsDeprecatedVariable() {
    assertThat(find().mode()).isEqualTo("prefer");
    variables.put("PGREQUIRESSL", "1");
    assertThat(find().mode()).isEqualTo("require");
    assertThat(find("sslmode", "allow").mode()).isEqualTo("allow");
    // libpq reads the first character only.
    variables.put("PGREQUIRESSL", "10");
    assertThat(find().mode()).isEqualTo("require");
    variables.put("PGREQUIRESSL", "0");
    assertThat(find().mode()).isEqualTo("prefer");
  }

  @ParameterizedTest
  @CsvSource({"verify-ca", "verify-full"})
  void verificationNeedsRootCertificate(String mode) throws IOException {
    assertThatThrownBy(() -> find("sslmode", mode))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the file " + files.resolve("root.crt") + " does not exist");
    Files.createFile(files.resolve("root.crt"));
    assertThat(find("sslmode", mode).verifies()).isTrue();
    assertThat(properties("sslmode", mode)).containsEntry("sslmode", mode);
  }

  /** libpq would connect without verifying the server. */
  @Test
  void requireNeedsGivenRootCertificate() {
    assertThatThrownBy(() -> find("sslmode", "require", "sslrootcert", "/none.crt"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("sslmode is require, but the file /none.crt does not exist");
  }

  @Test
  void rejectsRevocationListInHome() throws IOException {
    Files.createFile(files.resolve("root.crt"));
    Files.createFile(files.resolve("root.crl"));
    assertThat(find("sslmode", "disable").verifies()).isFalse();
    assertThatThrownBy(() -> find())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("pghello does not check revocation lists");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "verify", "REQUIRE"})
  void rejectsUnknownModes(String mode) {
    assertThatThrownBy(() -> find("sslmode", mode))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageEndingWith("but is " + mode);
  }

  @Test
  void usesClientCertificateInHome() throws IOException {
    assertThat(properties("sslkey", "/key")).doesNotContainKeys("sslcert", "sslkey");
    assertThat(find("sslcert", "/none.crt").certificate()).isNull();
    assertThat(find("sslcert", "/dev/null/none.crt").certificate()).isNull();
    Path certificate = Files.createFile(files.resolve("postgresql.crt"));
    Path key = files.resolve("postgresql.key");
    assertThat(find("sslmode", "disable").certificate()).isNull();
    assertThat(properties())
        .containsEntry("sslcert", certificate.toString())
        .containsEntry("sslkey", key.toString());
    assertThat(find().environment())
        .containsEntry("PGSSLCERT", certificate.toString())
        .containsEntry("PGSSLKEY", key.toString());
  }

  private Map<Object, Object> properties(String... parameters) {
    var properties = new Properties();
    find(parameters).setProperties(properties);
    return properties;
  }

  private TlsSettings find(String... parameters) {
    var values = new HashMap<String, String>();
    for (int i = 0; i < parameters.length; i += 2) {
      values.put(parameters[i], parameters[i + 1]);
    }
    String mode = TlsSettings.mode(values::get, variables::get);
    return TlsSettings.of(mode, values::get, variables::get, home);
  }
}
