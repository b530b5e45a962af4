// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigReaderTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String BASE =
      "{'host': 'localhost', 'database': 'd', 'user': 'u', 'password': 'secret'";

  private static ConnectionConfig read(String json) {
    try {
      return ConfigReader.read(JSON.readTree(json.replace('\'', '"')));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(json, e);
    }
  }

  @Test
  void readsTheBasicConfiguration() {
    ConnectionConfig config =
        read(
            """
            {
              'host': 'localhost',
              'port': 5432,
              'database': 'mydatabase',
              'user': 'myuser',
              'password': 'mypassword',
              'ssl': false,
              'max': 20,
              'idleTimeoutMillis': 30000,
              'connectionTimeoutMillis': 2000
            }
            """);
    assertThat(config.url()).isEqualTo("jdbc:postgresql://localhost:5432/mydatabase");
    assertThat(config.max()).isEqualTo(20);
    assertThat(config.connectionTimeoutMillis()).isEqualTo(2000);
    assertThat(config.properties(64 << 20))
        .containsEntry("user", "myuser")
        .containsEntry("password", "mypassword")
        .containsEntry("loginTimeout", "2")
        .containsEntry("sslmode", "disable");
    assertThat(config).hasToString("localhost:5432");
  }

  /** The driver rejects a duplicate method, with an error as if the server were down. */
  @ParameterizedTest
  @CsvSource({
    "!password, '!gss,!sspi,!password'",
    "'!md5,!password', '!gss,!sspi,!password,!md5'",
    "'md5,none,md5', 'md5,none'"
  })
  void removesDuplicateMethods(String given, String taken) {
    assertThat(read(BASE + ", 'requireAuth': '" + given + "'}").properties(64 << 20))
        .containsEntry("requireAuth", taken);
  }

  @Test
  void readsTheAdvancedConfiguration() {
    ConnectionConfig config =
        read(
            """
            {
              'connection': {
                'host': 'cluster-host.postgres.database.azure.com',
                'port': 5432,
                'database': 'production-db',
                'user': 'adminuser',
                'password': 'x',
                'ssl': {'rejectUnauthorized': true}
              },
              'pool': {
                'max': 50,
                'min': 5,
                'idleTimeoutMillis': 30000,
                'connectionTimeoutMillis': 5000
              },
              'options': {
                'preparedStatements': false,
                'queryTimeout': 10000,
                'autoReconnect': true,
                'reconnectInterval': 5000,
                'maxReconnectAttempts': 10
              },
              'logging': {
                'level': 'debug',
                'logQueries': false,
                'logParameters': false,
                'slowQueryThreshold': 1000,
                'logConnections': true
              }
            }
            """);
    assertThat(config.min()).isEqualTo(5);
    assertThat(config.queryTimeoutMillis()).isEqualTo(10_000);
    assertThat(config.maxReconnectAttempts()).isEqualTo(10);
    assertThat(config.level()).isEqualTo(System.Logger.Level.DEBUG);
    assertThat(config.properties(64 << 20))
        .containsEntry("sslmode", "verify-full")
        .containsEntry("sslfactory", PemSocketFactory.class.getName())
        .containsEntry("prepareThreshold", "0");
  }

  /** By default, passwords and data are not sent over a network unencrypted. */
  @Test
  void encryptsRemoteConnectionsByDefault() {
    assertThat(read("{'user': 'u'}").encrypted()).isFalse();
    assertThat(read("{'user': 'u', 'host': '::1'}").encrypted()).isFalse();
    assertThat(read("{'user': 'u', 'host': 'db.example.org'}").properties(64 << 20))
        .containsEntry("sslmode", "verify-full");
    assertThat(read("{'user': 'u', 'host': 'db.example.org', 'ssl': false}").encrypted()).isFalse();
  }

  @Test
  void flatAndNestedConfigurationsAreEqual() {
    assertThat(read(BASE + ", 'max': 5}")).isEqualTo(read(BASE + ", 'pool': {'max': 5}}"));
    assertThat(read(BASE + "}")).isNotEqualTo(read(BASE.replace("secret", "other") + "}"));
  }

  @Test
  void escapesDatabaseName() {
    assertThat(read("{'user': 'u', 'database': 'a/b?ssl=no&x#y %'}").url())
        .isEqualTo("jdbc:postgresql://localhost:5432/a%2Fb%3Fssl%3Dno%26x%23y+%25");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'pool': {'maxUses': 7500} | config.pool.maxUses is not supported | maxLifetimeMillis",
        "'pool': {'allowExitOnIdle': false} | config.pool.allowExitOnIdle must be true | non-daemon thread",
        "'logging': {'logParameters': true} | config.logging.logParameters must be false | logQueries",
        "'ssl': {'rejectUnauthorized': false} | config.ssl.rejectUnauthorized must be true | ssl.ca",
        "'ssl': {'verify': 'none'} | config.ssl.verify must be one of full, ca | ``",
        "'ssl': {'ciphers': 'x'} | config.ssl has an unknown member ciphers | verify",
        "'ssl': 'require' | config.ssl must be true or false, or an object | ``",
        "'ssl': {'ca': '/etc/ca.crt'} | ssl.ca is not a PEM certificate | not to its path",
        "'ssl': {'ca': 5} | config.ssl.ca must be a string | ``",
        "'ssl': {'cert': 'x'} | ssl.cert and ssl.key must be set together | neither",
        "'requireAuth': '' | config.requireAuth must not be empty | ``",
        "'requireAuth': true | config.requireAuth must be a string | ``",
        "'requireAuth': 'gss' | config.requireAuth must be a list of password | commas",
        "'requireAuth': 'md5,!password' | config.requireAuth must be a list of password | commas",
        "'requireAuth': '!md5,password' | config.requireAuth must be a list of password | commas",
        "'requireAuth': 'md5, password' | config.requireAuth must be a list of password | commas",
        "'requireAuth': ',' | config.requireAuth must be a list of password | commas",
        "'max': 0 | config.max must be between 1 and 1000 | ``",
        "'max': 1001 | config.max must be between 1 and 1000 | ``",
        "'max': '20' | config.max must be an integer | ``",
        "'max': 2.5 | config.max must be an integer | ``",
        "'max': 1e99 | config.max must be an integer | ``",
        "'max': null | config.max must be an integer | ``",
        "'max': 2, 'min': 3 | min must not be greater than max | pool.max",
        "'max': 2, 'pool': {'max': 2} | The option max is set twice | once",
        "'port': 0 | config.port must be between 1 and 65535 | ``",
        "'port': 65536 | config.port must be between 1 and 65535 | ``",
        "'idleTimeoutMillis': 5000 | idleTimeoutMillis must be 0 or at least 10000 | 0",
        "'connectionTimeoutMillis': 1 | config.connectionTimeoutMillis must be between 250 | ``",
        "'options': {'reconnectInterval': 999999} | config.options.reconnectInterval must be between | ``",
        "'options': {'maxReconnectAttempts': 101} | config.options.maxReconnectAttempts must be between | ``",
        "'options': {'host': 'x'} | config.options has an unknown member host | queryTimeout",
        "'queryTimeout': 5 | config has an unknown member queryTimeout | options",
        "'options': [] | config.options must be an object | ``",
        "'sslmode': 'x' | config has an unknown member sslmode | ssl",
        "'socketFactory': 'evil.Factory' | config has an unknown member socketFactory | ssl",
        "'logging': {'level': 'trace'} | config.logging.level must be one of error, warn, info, debug | ``",
        "'logging': {'logQueries': 'yes'} | config.logging.logQueries must be true or false | ``"
      })
  void rejectsByName(String option, String message, String remedy) {
    assertThatExceptionOfType(PostgresException.class)
        .isThrownBy(() -> read(BASE + ", " + option + "}"))
        .withMessageStartingWith(message)
        .satisfies(
            e -> {
              assertThat(e.code()).isEqualTo(Code.BAD_CONFIG);
              assertThat(String.valueOf(e.details().get("remedy"))).contains(remedy);
            });
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'host': 'localhost'} | user",
        "{'user': ''} | user",
        "{'user': 'u', 'password': null} | password",
        "{'user': 'u', 'host': 'a/b?sslmode=disable'} | host",
        "{'user': 'u', 'host': 'a,b'} | host",
        "{'user': 'u', 'host': 'a b'} | host",
        "{'user': 'u', 'host': '/var/run'} | host",
        "{'user': 'u', 'host': ''} | host",
        "{'user': 'u', 'database': 'a\\u0000b'} | database",
        "{'user': 'u', 'password': '\\ud800'} | password",
        "[] | config",
        "'jdbc:postgresql:x' | config",
        "null | config"
      })
  void rejectsInvalidConfigurations(String json, String about) {
    assertThatExceptionOfType(PostgresException.class)
        .isThrownBy(() -> read(json))
        .withMessageContaining(about)
        .satisfies(e -> assertThat(e.code()).isEqualTo(Code.BAD_CONFIG));
  }

  @Test
  void rejectsMissingNode() {
    JsonNode missing = JSON.missingNode();
    assertThatExceptionOfType(PostgresException.class).isThrownBy(() -> ConfigReader.read(missing));
  }
}
