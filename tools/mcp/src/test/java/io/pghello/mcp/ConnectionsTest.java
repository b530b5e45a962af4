// SPDX-License-Identifier: MIT
package io.pghello.mcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.pghello.plugin.Permissions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Parsing of the configuration file and of environment variables. */
class ConnectionsTest {
  @TempDir private Path folder;

  private Connections read(String text, Map<String, String> environment) throws IOException {
    Path file = Files.writeString(folder.resolve("c.json"), text.replace('\'', '"'));
    return Connections.read(file, environment);
  }

  private Permissions permissions(String text) throws IOException {
    return read("{'connections': {'a': {'config': {}, 'permissions': " + text + "}}}", Map.of())
        .permissions("a");
  }

  @Test
  void readsTheEnvironment() throws IOException {
    Path ca = Files.writeString(folder.resolve("ca.pem"), "PEM\n");
    Connections connections =
        Connections.read(
            null,
            Map.of(
                "PGHOST",
                "db",
                "PGPORT",
                "6432",
                "PGDATABASE",
                "shop",
                "PGUSER",
                "agent",
                "PGPASSWORD",
                "geheim",
                "PGSSLROOTCERT",
                ca.toString(),
                "PGREQUIREAUTH",
                "password",
                "PGAPPNAME",
                "x"));
    assertThat(connections.ids()).containsExactly("default");
    assertThat(connections.config("default"))
        .isEqualTo(
            Client.quoted(
                "{'host': 'db', 'port': 6432, 'database': 'shop', 'user': 'agent', 'password':"
                    + " 'geheim', 'requireAuth': 'password', 'ssl': {'ca': 'PEM'}}"));
    assertThat(connections.permissions("default"))
        .isEqualTo(bounded(Permissions.read().withSql(true)));
  }

  private static JsonNode ssl(Map<String, String> more) {
    var environment = new HashMap<>(more);
    environment.put("PGUSER", "agent");
    return Connections.read(null, environment).config("default").path("ssl");
  }

  @Test
  void readsTlsMode() throws IOException {
    String ca = Files.writeString(folder.resolve("ca.pem"), "PEM\n").toString();
    assertThat(ssl(Map.of()).isMissingNode()).isTrue();
    assertThat(ssl(Map.of("PGSSLMODE", "")).isMissingNode()).isTrue();
    assertThat(ssl(Map.of("PGSSLMODE", "disable"))).hasToString("false");
    assertThat(ssl(Map.of("PGSSLMODE", "disable", "PGSSLROOTCERT", ca))).hasToString("false");
    assertThat(ssl(Map.of("PGSSLMODE", "verify-full"))).hasToString("true");
    assertThat(ssl(Map.of("PGSSLMODE", "verify-full", "PGSSLROOTCERT", ca)))
        .hasToString("{\"ca\":\"PEM\"}");
    for (String mode : List.of("allow", "prefer", "require", "verify-ca", "nonsense")) {
      assertThatThrownBy(() -> ssl(Map.of("PGSSLMODE", mode)))
          .isInstanceOf(ConfigurationException.class)
          .hasMessage("PGSSLMODE must be disable or verify-full");
    }
  }

  @Test
  void resolvesReferences() throws IOException {
    Files.writeString(folder.resolve("key.pem"), "line 1\nline 2\n\n");
    Connections connections =
        read(
            "{'connections': {'a': {'config': {'connection': {'password': {'env': 'P'}, 'ssl':"
                + " {'key': {'file': 'key.pem'}}}, 'pool': {'max': 2}}}}}",
            Map.of("P", "geheim"));
    assertThat(connections.config("a"))
        .isEqualTo(
            Client.quoted(
                "{'connection': {'password': 'geheim', 'ssl': {'key': 'line 1\\nline 2\\n'}}, 'pool':"
                    + " {'max': 2}}"));
    assertThat(connections.permissions("a")).isEqualTo(bounded(Permissions.read().withSql(true)));
  }

  @Test
  void isReadOnlyByDefault() throws IOException {
    assertThat(permissions("{}")).isEqualTo(bounded(Permissions.read().withSql(true)));
    assertThat(permissions("{'sql': false, 'maxRows': 7}"))
        .isEqualTo(bounded(Permissions.read().withMaxRows(7)));
    assertThat(permissions("{'tables': ['t']}"))
        .isEqualTo(bounded(Permissions.read().withTables("t")));
    assertThat(permissions("{'readOnly': false}")).isEqualTo(bounded(Permissions.write()));
    assertThat(permissions("{'readOnly': false, 'sql': true}"))
        .isEqualTo(bounded(Permissions.all()));
    assertThat(permissions("{'readOnly': false, 'operations': ['insert']}"))
        .isEqualTo(bounded(Permissions.write().withOperations("insert")));
    assertThat(permissions("{'maxBytes': 5000, 'maxTimeout': 100, 'privileged': true}"))
        .isEqualTo(
            Permissions.read()
                .withSql(true)
                .withMaxBytes(5_000)
                .withMaxTimeout(Duration.ofMillis(100))
                .withPrivileged(true));
  }

  /** A result must fit into a message. */
  private static Permissions bounded(Permissions permissions) {
    return permissions.withMaxBytes(Connections.ANSWER_MAX);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[]|c.json is not a JSON object",
        "{}|c.json has no connections",
        "{\"connections\": {}}|c.json has no connections",
        "{\"connections\": {}, \"x\": 1}|c.json has an unknown member x",
        "{\"connections\": {\"a\": 1}}|connections.a must be an object",
        "{\"connections\": {\"a\": {}}}|connections.a needs a config",
        "{\"connections\": {\"a\": {\"config\": {}, \"readOnly\": "
            + "false}}}|connections.a has an unknown member readOnly",
        "{\"connections\": {\"a\": {\"config\": {\"password\": {\"env\": \"NOPE\"}}}}}|connections.a.config.password: the variable NOPE is not set",
        "{\"connections\": {\"a\": {\"config\": {\"password\": {\"file\": "
            + "\"nope\"}}}}}|connections.a.config.password: file not found",
      })
  void rejectsInvalidFiles(String text, String why) {
    assertThatThrownBy(() -> read(text, Map.of()))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining(why);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[]|permissions must be an object",
        "{\"readonly\": false}|permissions has an unknown member readonly",
        "{\"readOnly\": \"false\"}|readOnly must be true or false",
        "{\"readOnly\": null}|readOnly must be true or false",
        "{\"sql\": 1}|sql must be true or false",
        "{\"maxRows\": 0}|maxRows must be between 1 and 1000000",
        "{\"maxRows\": \"10\"}|connections.a.permissions.maxRows must be an integer",
        "{\"maxBytes\": 1}|maxBytes must be between 1000 and 67108864",
        "{\"maxTimeout\": 0}|maxTimeout must be between 1 and 3600000",
        "{\"maxTimeout\": 3600001}|maxTimeout must be between 1 and 3600000",
        "{\"privileged\": \"yes\"}|privileged must be true or false",
        "{\"maxRows\": 99999999999}|maxRows must be between 1 and 1000000",
        "{\"tables\": \"t\"}|tables must be an array",
        "{\"tables\": [1]}|tables[0] must be a string",
        "{\"operations\": [\"nope\"]}|operations: valid operations are query, queryOne",
        "{\"tables\": [\"t\"], \"sql\": true}|a list of tables cannot restrict SQL",
      })
  void rejectsInvalidPermissions(String text, String why) {
    assertThatThrownBy(() -> permissions(text))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining(why);
  }

  @Test
  void acceptsDocumentedExamples() throws IOException {
    Files.writeString(folder.resolve("ca.pem"), "PEM");
    Path clerk = Files.writeString(folder.resolve("clerk"), "geheim");
    var ids = new ArrayList<String>();
    int clients = 0;
    Matcher block =
        Pattern.compile("```json\n(.*?)```", Pattern.DOTALL)
            .matcher(Files.readString(Path.of("..", "..", "docs", "mcp.md")));
    while (block.find()) {
      String text = block.group(1).replace("/run/secrets/clerk", clerk.toString());
      JsonNode json = Client.JSON.readTree(text);
      if (json.has("connections")) {
        ids.addAll(read(text, Map.of("SHOP_PASSWORD", "geheim")).ids());
      } else {
        assertThat(json.at("/mcpServers/postgres/args").isArray()).isTrue();
        clients++;
      }
    }
    assertThat(ids).containsExactly("shop", "tickets");
    assertThat(clients).isEqualTo(2);
  }

  /** If a name occurs twice, the program and a human reader may assume different values. */
  @Test
  void rejectsDuplicateNames() {
    assertThatThrownBy(() -> permissions("{'readOnly': true, 'readOnly': false}"))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("is not JSON, at line 1");
  }
}
