// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TargetTest {
  @TempDir private static Path home;

  @Test
  void readsSameSourcesAsLibpq() {
    Target target = find(Map.of(), Map.of(), Map.of());
    assertThat(target.url()).isEqualTo("jdbc:postgresql://localhost:5432/me");
    assertThat(target.properties())
        .containsEntry("user", "me")
        .containsEntry("ApplicationName", "pghello")
        .containsEntry("socketTimeout", "7")
        .doesNotContainKey("password");
  }

  @Test
  void connectsToUnixSocket() {
    Target target =
        find(
            Map.of("host", "/run/postgresql", "port", "05433", "sslmode", "require"),
            Map.of(),
            Map.of());
    assertThat(target.url()).isEqualTo("jdbc:postgresql://localhost:5433/me");
    assertThat(target.name()).isEqualTo("me at /run/postgresql:5433");
    assertThat(target.isOnThisMachine()).isTrue();
    assertThat(target.properties())
        .containsEntry("socketFactory", UnixSocketFactory.class.getName())
        .containsEntry("socketFactoryArg", "/run/postgresql/.s.PGSQL.5433")
        .containsEntry("sslmode", "disable");
    assertThat(target.environment())
        .containsEntry("PGHOST", "/run/postgresql")
        .containsEntry("PGSSLMODE", "disable");
  }

  @Test
  void prefersOptionsThenServiceThenVariables() {
    Map<String, String> variables =
        Map.of(
            "PGHOST",
            "variable",
            "PGPORT",
            "1",
            "PGUSER",
            "variable",
            "PGDATABASE",
            "variable",
            "PGPASSWORD",
            "secret",
            "PGSSLMODE",
            "require",
            "PGAPPNAME",
            "cron");
    Map<String, String> service = Map.of("host", "service", "port", "2", "user", "service");
    Target target = find(Map.of("host", "option"), service, variables);
    assertThat(target.url()).isEqualTo("jdbc:postgresql://option:2/variable");
    assertThat(target.name()).isEqualTo("variable at option:2");
    assertThat(target.properties())
        .containsEntry("user", "service")
        .containsEntry("password", "secret")
        .containsEntry("sslmode", "require")
        .containsEntry("ApplicationName", "cron");
  }

  @Test
  void ignoresEmptyValues() {
    assertThat(find(Map.of("host", ""), Map.of("host", ""), Map.of("PGHOST", "")).url())
        .startsWith("jdbc:postgresql://localhost:");
    assertThat(find(Map.of("host", ""), Map.of("host", "service"), Map.of()).url())
        .startsWith("jdbc:postgresql://service:");
    Target target =
        find(
            Map.of(),
            Map.of("password", "", "hostaddr", "", "sslcrl", ""),
            Map.of("PGUSER", "", "PGDATABASE", "", "PGPORT", "", "PGAPPNAME", "", "PGOPTIONS", ""));
    assertThat(target.url()).isEqualTo("jdbc:postgresql://localhost:5432/me");
    assertThat(target.properties())
        .containsEntry("user", "me")
        .containsEntry("ApplicationName", "pghello")
        .doesNotContainKeys("password", "options");
  }

  /** Like in libpq: otherwise, the variable would select another server. */
  @Test
  void emptyValueInServiceHidesVariable() {
    Target target =
        find(
            Map.of(),
            Map.of("host", "", "port", "", "user", "", "dbname", "", "options", ""),
            Map.of(
                "PGHOST",
                "other",
                "PGPORT",
                "1",
                "PGUSER",
                "u",
                "PGDATABASE",
                "d",
                "PGOPTIONS",
                "-c a.b=c"));
    assertThat(target.url()).isEqualTo("jdbc:postgresql://localhost:5432/me");
    assertThat(target.role()).isEqualTo("me");
    assertThat(target.environment().get("PGOPTIONS")).doesNotContain("a.b");
  }

  @Test
  void rejectsUserWithoutName() {
    Account nameless = new Account("?", home);
    assertThatThrownBy(() -> TargetResolver.find(Map.of(), Map.of(), name -> null, nameless, 7))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("the user of this process has no name: pass the role with -U");
    assertThat(TargetResolver.find(Map.of(), Map.of("user", "u"), name -> null, nameless, 7).role())
        .isEqualTo("u");
  }

  @ParameterizedTest
  @CsvSource({
    "'a,b', 5433, 'a:5433,b:5433'",
    "'a,b', '1,2', 'a:1,b:2'",
    "::1, 5432, [::1]:5432",
    "'::1,a', 5432, '[::1]:5432,a:5432'",
    "a, ' 05432 ', a:5432",
    "a, +5432, a:5432",
    "'a,b', '1,', 'a:1,b:5432'",
    "10.0.0.1, 1, 10.0.0.1:1",
    "0.0.0.0, 1, 0.0.0.0:1",
    "01.example.com, 1, 01.example.com:1"
  })
  void supportsSeveralHosts(String hosts, String ports, String address) {
    assertThat(find(Map.of("host", hosts, "port", ports), Map.of(), Map.of()).url())
        .isEqualTo("jdbc:postgresql://" + address + "/me");
  }

  @Test
  void quotesDatabaseName() {
    assertThat(find(Map.of("dbname", "a/b?user&y"), Map.of(), Map.of()).url())
        .endsWith("/a%2Fb%3Fuser%26y");
  }

  /** libpq would parse it. Here it would be printed, including the password. */
  @ParameterizedTest
  @ValueSource(strings = {"postgresql://me:secret@host/db", "dbname=db password=secret"})
  void rejectsConnectionStrings(String database) {
    assertThatThrownBy(() -> find(Map.of("dbname", database), Map.of(), Map.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("a connection string")
        .hasMessageNotContaining("secret");
  }

  @ParameterizedTest
  @CsvSource({
    "'/run,/tmp', 5432, 'must be one or more names, or one directory with a Unix socket'",
    "@abstract, 5432, 'must be one or more names, or one directory with a Unix socket'",
    "a, 0, 'the port must be between 1 and 65535, but is 0'",
    "a, 65536, but is 65536",
    "a, 65536000000, must be between 1 and 65535",
    "a, ' ', must be between 1 and 65535",
    "a, 5432x, must be between 1 and 65535",
    "[::1], 1, the host must not be in brackets",
    "'a,[::1]', 1, the host must not be in brackets",
    "fe80::1%eth0, 1, pghello does not support addresses with a zone",
    "0177.0.0.1, 1, 'write the address as four decimal numbers, e.g. 127.0.0.1'",
    "127.0.0.01, 1, a number in the host begins with 0",
    "'a,0x7f.1', 1, a number in the host begins with 0",
    "017700000001, 1, a number in the host begins with 0",
    "a, x, must be between 1 and 65535",
    "a, secret@b, must be between 1 and 65535",
    "postgresql://me:secret@b/c, 1, the host is not a name or address",
    "me:secret@b, 1, the host is not a name or address",
    "b?password=secret, 1, the host is not a name or address",
    "a, -1, but is -1",
    "'a,b', '1,2,3', 'there are 2 hosts, but 3 ports'",
    "'a,b,c', '1,2', 'there are 3 hosts, but 2 ports'",
    "'a,', 1, 'the list of hosts contains an empty name'",
    "'a,,b', 1, 'the list of hosts contains an empty name'",
    "',b', 1, 'the list of hosts contains an empty name'"
  })
  void rejectsInvalidAddresses(String host, String port, String message) {
    assertThatThrownBy(() -> find(Map.of("host", host, "port", port), Map.of(), Map.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  /** Parameters that libpq supports must not be ignored silently. */
  @ParameterizedTest
  @CsvSource({
    "hostaddr, PGHOSTADDR, 10.0.0.1",
    "channel_binding, PGCHANNELBINDING, require",
    "require_auth, PGREQUIREAUTH, scram-sha-256",
    "gssencmode, PGGSSENCMODE, require",
    "sslcrl, PGSSLCRL, /etc/crl",
    "ssl_min_protocol_version, PGSSLMINPROTOCOLVERSION, TLSv1.3",
    "ssl_max_protocol_version, PGSSLMAXPROTOCOLVERSION, TLSv1.2",
    "load_balance_hosts, PGLOADBALANCEHOSTS, random",
    "sslnegotiation, PGSSLNEGOTIATION, direct",
    "sslcertmode, PGSSLCERTMODE, disable",
    "sslsni, PGSSLSNI, 0",
    "min_protocol_version, PGMINPROTOCOLVERSION, 3.2",
    "krbsrvname, PGKRBSRVNAME, other",
    "gssdelegation, PGGSSDELEGATION, 1",
    "sslmode, PGSSLMODE, whatever",
    "target_session_attrs, PGTARGETSESSIONATTRS, whatever"
  })
  void rejectsUnsupportedParameters(String name, String variable, String value) {
    assertThatThrownBy(() -> find(Map.of(), Map.of(name, value), Map.of()))
        .hasMessageContaining(name)
        .hasMessageContaining(value);
    assertThatThrownBy(() -> find(Map.of(), Map.of(), Map.of(variable, value)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(name);
  }

  @ParameterizedTest
  @ValueSource(strings = {"channel_binding", "gssencmode", "load_balance_hosts", "sslmode"})
  void rejectsEmptyValuesThatLibpqRejects(String name) {
    assertThatThrownBy(() -> find(Map.of(), Map.of(name, ""), Map.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(name);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"})
  void doesNotPrintSecrets(String name) {
    assertThatThrownBy(() -> find(Map.of(), Map.of(name, "hidden"), Map.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(name + " is set, but ")
        .hasMessageNotContaining("hidden");
  }

  @Test
  void acceptsHarmlessParameters() {
    assertThat(
            find(
                    Map.of(),
                    Map.of("channel_binding", "prefer", "gssencmode", "disable"),
                    Map.of("PGLOADBALANCEHOSTS", "disable"))
                .name())
        .isEqualTo("me at localhost:5432");
  }

  @ParameterizedTest
  @CsvSource({
    "read-write, primary",
    "standby, secondary",
    "prefer-standby, preferSecondary",
    "any, any"
  })
  void selectsServerByTargetSessionAttrs(String attributes, String type) {
    Target target = find(Map.of(), Map.of(), Map.of("PGTARGETSESSIONATTRS", attributes));
    assertThat(target.properties()).containsEntry("targetServerType", type);
    assertThat(target.environment()).containsEntry("PGTARGETSESSIONATTRS", attributes);
  }

  @Test
  void passesSameParametersToPostgresPrograms() {
    Target target =
        find(
            Map.of("host", "a,b", "port", "1,2", "user", "u", "dbname", "d"),
            Map.of("password", "secret", "sslmode", "require"),
            Map.of());
    assertThat(target.environment())
        .containsEntry("PGHOST", "a,b")
        .containsEntry("PGPORT", "1,2")
        .containsEntry("PGUSER", "u")
        .containsEntry("PGPASSWORD", "secret")
        .containsEntry("PGSSLMODE", "require")
        .containsEntry("PGGSSENCMODE", "disable")
        .doesNotContainKeys("PGDATABASE", "PGPASSFILE", "PGCHANNELBINDING");
    assertThat(target.in("other").url()).isEqualTo("jdbc:postgresql://a:1,b:2/other");
  }

  /** Otherwise, the driver would take a primary for a standby if its role only reads by default. */
  @ParameterizedTest
  @ValueSource(strings = {"primary", "standby", "prefer-standby"})
  void selectsServerRegardlessOfReadOnlyDefault(String attributes) {
    Map<String, String> service = Map.of("target_session_attrs", attributes, "options", "-c a.b=c");
    assertThat(find(Map.of(), service, Map.of()).properties())
        .containsEntry("options", "-c a.b=c -c default_transaction_read_only=off");
  }

  /** libpq would not accept the sessions of PostgreSQL's programs if they could write. */
  @Test
  void keepsReadOnlyDefaultIfRequired() {
    Target target = find(Map.of(), Map.of("target_session_attrs", "read-only"), Map.of());
    assertThat(target.environment()).containsEntry("PGOPTIONS", "");
    assertThat(find(Map.of(), Map.of(), Map.of()).environment().get("PGOPTIONS"))
        .startsWith("-c default_transaction_read_only=off");
  }

  /** libpq compares the port with the one in the password file as text. */
  @Test
  void keepsThePortOfEachHostAsText() {
    Map<String, String> hosts = Map.of("host", "a,b,::1", "port", "05432,, 1 ");
    assertThat(find(hosts, Map.of(), Map.of()).hosts())
        .extracting(
            Target::address,
            host -> host.environment().get("PGHOST"),
            host -> host.environment().get("PGPORT"))
        .containsExactly(
            tuple("a:5432", "a", "05432"),
            tuple("b:5432", "b", "5432"),
            tuple("[::1]:1", "::1", " 1 "));
    assertThat(find(Map.of("host", "a,b"), Map.of(), Map.of("PGPORT", "+1")).hosts())
        .extracting(host -> host.environment().get("PGPORT"))
        .containsExactly("+1", "+1");
  }

  /** PostgreSQL's programs must not read another password file, or none. */
  @Test
  void readsSamePasswordFileAsPostgresPrograms() {
    assertThat(find(Map.of(), Map.of(), Map.of()).environment())
        .containsEntry("PGPASSFILE", home.resolve(".pgpass").toString());
    assertThat(find(Map.of(), Map.of(), Map.of("PGPASSFILE", "/variable")).environment())
        .containsEntry("PGPASSFILE", "/variable");
    assertThat(
            find(Map.of(), Map.of("passfile", "/service"), Map.of("PGPASSFILE", "/variable"))
                .environment())
        .containsEntry("PGPASSFILE", "/service");
    // The driver must not look for one, either.
    assertThat(System.getProperty("org.postgresql.pgpassfile")).isEqualTo("/dev/null");
  }

  /** A name can have addresses of different servers. */
  @Test
  void triesAddressesInTheOrderOfTheOperatingSystem() {
    assertThat(find(Map.of(), Map.of(), Map.of()).name()).isEqualTo("me at localhost:5432");
    assertThat(System.getProperty("java.net.preferIPv6Addresses")).isEqualTo("system");
  }

  @Test
  void limitsTheTimeToConnectOfPostgresPrograms() {
    assertThat(find(Map.of(), Map.of(), Map.of()).environment())
        .containsEntry("PGCONNECT_TIMEOUT", "7");
    // libpq would treat one second as two.
    assertThat(
            TargetResolver.find(Map.of(), Map.of(), name -> null, new Account("me", home), 1)
                .environment())
        .containsEntry("PGCONNECT_TIMEOUT", "2");
  }

  private static Target find(
      Map<String, String> options, Map<String, String> service, Map<String, String> variables) {
    var nullable = new HashMap<String, @Nullable String>(options);
    return TargetResolver.find(nullable, service, variables::get, new Account("me", home), 7);
  }
}
