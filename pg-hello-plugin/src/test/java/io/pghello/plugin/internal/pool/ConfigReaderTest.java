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

  /** Password and data do not go over a network in plain unless that is said. */
  @Test
  void encryptsByDefaultBeyondTheMachine() {
    assertThat(read("{'user': 'u'}").encrypted()).isFalse();
    assertThat(read("{'user': 'u', 'host': '::1'}").encrypted()).isFalse();
    assertThat(read("{'user': 'u', 'host': 'db.example.org'}").properties(64 << 20))
        .containsEntry("sslmode", "verify-full");
    assertThat(read("{'user': 'u', 'host': 'db.example.org', 'ssl': false}").encrypted()).isFalse();
  }

  @Test
  void equalOnesAreEqualHoweverTheyAreWritten() {
    assertThat(read(BASE + ", 'max': 5}")).isEqualTo(read(BASE + ", 'pool': {'max': 5}}"));
    assertThat(read(BASE + "}")).isNotEqualTo(read(BASE.replace("secret", "other") + "}"));
  }

  @Test
  void escapesTheDatabase() {
    assertThat(read("{'user': 'u', 'database': 'a/b?ssl=no&x#y %'}").url())
        .isEqualTo("jdbc:postgresql://localhost:5432/a%2Fb%3Fssl%3Dno%26x%23y+%25");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'pool': {'maxUses': 7500} | The option pool.maxUses has no counterpart | maxLifetimeMillis",
        "'pool': {'allowExitOnIdle': false} | The option pool.allowExitOnIdle cannot be false | thread of your own",
        "'logging': {'logParameters': true} | The option logging.logParameters cannot be true | logQueries",
        "'ssl': {'rejectUnauthorized': false} | The option ssl.rejectUnauthorized cannot be false | ssl.ca",
        "'ssl': {'verify': 'none'} | ssl.verify is neither full nor ca | full",
        "'ssl': {'ciphers': 'x'} | The option ssl.ciphers is unknown | verify",
        "'ssl': 'require' | ssl is neither true or false, nor an object | options",
        "'ssl': {'ca': '/etc/ca.crt'} | ssl.ca is no certificate in PEM | not its path",
        "'ssl': {'ca': 5} | ssl.ca is no text in PEM | text",
        "'ssl': {'cert': 'x'} | ssl.cert and ssl.key belong together | neither",
        "'requireAuth': '' | The option requireAuth is missing, or no text | text",
        "'requireAuth': true | The option requireAuth is missing, or no text | text",
        "'requireAuth': 'gss' | requireAuth is no list of password | commas",
        "'requireAuth': 'md5,!password' | requireAuth is no list of password | commas",
        "'requireAuth': '!md5,password' | requireAuth is no list of password | commas",
        "'requireAuth': 'md5, password' | requireAuth is no list of password | commas",
        "'requireAuth': ',' | requireAuth is no list of password | commas",
        "'max': 0 | The option max is not between 1 and 1000 | Change",
        "'max': 1001 | The option max is not between 1 and 1000 | Change",
        "'max': '20' | The option max is no whole number | whole",
        "'max': 2.5 | The option max is no whole number | whole",
        "'max': 1e99 | The option max is no whole number | whole",
        "'max': null | The option max is no whole number | whole",
        "'max': 2, 'min': 3 | min is greater than max | pool.max",
        "'max': 2, 'pool': {'max': 2} | The option max is given twice | once",
        "'port': 0 | The option port is not between | Change",
        "'port': 65536 | The option port is not between | Change",
        "'idleTimeoutMillis': 5000 | idleTimeoutMillis is less than 10000 | 0",
        "'connectionTimeoutMillis': 1 | The option connectionTimeoutMillis is not between 250 | Change",
        "'options': {'reconnectInterval': 999999} | The option reconnectInterval is not between | Change",
        "'options': {'maxReconnectAttempts': 101} | The option maxReconnectAttempts is not between | Change",
        "'options': {'host': 'x'} | The option options.host is unknown | options.queryTimeout",
        "'queryTimeout': 5 | The option queryTimeout is unknown | options.queryTimeout",
        "'options': [] | The option options is no object | options",
        "'sslmode': 'x' | The option sslmode is unknown | connection.ssl",
        "'socketFactory': 'evil.Factory' | The option socketFactory is unknown | connection.ssl",
        "'logging': {'level': 'trace'} | The option level is unknown | debug",
        "'logging': {'logQueries': 'yes'} | The option logQueries is neither true nor false | them"
      })
  void refusesByName(String option, String message, String remedy) {
    assertThatExceptionOfType(PostgresException.class)
        .isThrownBy(() -> read(BASE + ", " + option + "}"))
        .withMessageStartingWith(message)
        .satisfies(
            e -> {
              assertThat(e.code()).isEqualTo(Code.BAD_CONFIG);
              assertThat((String) e.details().get("remedy")).contains(remedy);
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
        "[] | configuration",
        "'jdbc:postgresql:x' | configuration",
        "null | configuration"
      })
  void refusesWhatIsNoConfiguration(String json, String about) {
    assertThatExceptionOfType(PostgresException.class)
        .isThrownBy(() -> read(json))
        .withMessageContaining(about)
        .satisfies(e -> assertThat(e.code()).isEqualTo(Code.BAD_CONFIG));
  }

  @Test
  void readsWhatIsNoNodeAsNoConfiguration() {
    JsonNode missing = JSON.missingNode();
    assertThatExceptionOfType(PostgresException.class).isThrownBy(() -> ConfigReader.read(missing));
  }
}
