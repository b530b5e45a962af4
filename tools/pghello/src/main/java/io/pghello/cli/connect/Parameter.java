// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A connection parameter of libpq (PostgreSQL 18), and its effect on {@code pghello}. A parameter
 * that could change which server is used, or how it is verified, is either used or refused.
 *
 * @param keyword the name in a service; null for a parameter that has only a variable
 * @param variable the environment variable; null if there is none
 * @param use the effect
 * @param note the value's meaning, or the reason why the parameter is ignored or refused
 * @param harmless the values of a refused parameter that are accepted, because they do not change
 *     anything
 */
record Parameter(
    @Nullable String keyword,
    @Nullable String variable,
    Use use,
    String note,
    Set<String> harmless) {
  /** The effect of a parameter. */
  enum Use {
    USED,
    IGNORED,
    REFUSED
  }

  private static final Set<String> SECRET =
      Set.of("sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key");

  private static final String KEEPALIVE =
      "TCP keepalive is always on, with the intervals of the operating system";

  /** All parameters of libpq, sorted by their keywords, and then all other variables. */
  static final List<Parameter> ALL =
      List.of(
          used("application_name", "PGAPPNAME", "the default is `pghello`"),
          refused(
              "channel_binding",
              "PGCHANNELBINDING",
              "pghello does not enforce channel binding",
              "disable",
              "prefer"),
          ignored("client_encoding", "PGCLIENTENCODING", "the encoding is always UTF-8"),
          ignored("connect_timeout", "PGCONNECT_TIMEOUT", "`--timeout` sets the timeout"),
          used("dbname", "PGDATABASE", "`-d`; the default is the name of the role"),
          ignored("fallback_application_name", null, "the fallback is always `pghello`"),
          refused(
              "gssdelegation",
              "PGGSSDELEGATION",
              "pghello does not delegate Kerberos credentials",
              "",
              "0"),
          refused(
              "gssencmode",
              "PGGSSENCMODE",
              "pghello does not support GSSAPI encryption",
              "disable",
              "prefer"),
          refused("gsslib", "PGGSSLIB", "pghello uses Java's GSSAPI implementation", "", "gssapi"),
          used("host", "PGHOST", "`-h`; the default is `localhost`, not a Unix socket"),
          refused("hostaddr", "PGHOSTADDR", "pghello resolves the names of hosts itself"),
          ignored("keepalives", null, KEEPALIVE),
          ignored("keepalives_count", null, KEEPALIVE),
          ignored("keepalives_idle", null, KEEPALIVE),
          ignored("keepalives_interval", null, KEEPALIVE),
          refused(
              "krbsrvname",
              "PGKRBSRVNAME",
              "pghello does not support other names of the Kerberos service",
              "postgres"),
          refused(
              "load_balance_hosts",
              "PGLOADBALANCEHOSTS",
              "pghello tries the hosts in the given order",
              "disable"),
          ignored(
              "max_protocol_version",
              "PGMAXPROTOCOLVERSION",
              "pghello always uses version 3.0 of the protocol"),
          refused(
              "min_protocol_version",
              "PGMINPROTOCOLVERSION",
              "pghello always uses version 3.0 of the protocol",
              "3.0"),
          refused("oauth_client_id", null, "pghello does not support OAuth"),
          refused("oauth_client_secret", null, "pghello does not support OAuth"),
          refused("oauth_issuer", null, "pghello does not support OAuth"),
          refused("oauth_scope", null, "pghello does not support OAuth"),
          used("options", "PGOPTIONS", "settings of the session"),
          used("passfile", "PGPASSFILE", "the default is `~/.pgpass`"),
          used("password", "PGPASSWORD", "the default is the password from the password file"),
          used("port", "PGPORT", "`-p`; the default is 5432"),
          refused(
              "replication",
              null,
              "pghello does not open replication connections",
              "",
              "0",
              "false",
              "no",
              "off"),
          refused(
              "require_auth", "PGREQUIREAUTH", "pghello does not restrict authentication methods"),
          refused(
              "requirepeer",
              "PGREQUIREPEER",
              "pghello does not check which user runs the server of a Unix socket"),
          refused("scram_client_key", null, "pghello does not log in with SCRAM keys"),
          refused("scram_server_key", null, "pghello does not log in with SCRAM keys"),
          used("service", "PGSERVICE", "`--service`; not inside a service"),
          refused(
              "ssl_max_protocol_version",
              "PGSSLMAXPROTOCOLVERSION",
              "pghello does not limit the TLS version",
              "",
              "TLSv1.3"),
          refused(
              "ssl_min_protocol_version",
              "PGSSLMINPROTOCOLVERSION",
              "pghello does not limit the TLS version",
              "",
              "TLSv1",
              "TLSv1.1",
              "TLSv1.2"),
          used(
              "sslcert",
              "PGSSLCERT",
              "the client certificate; the default is `~/.postgresql/postgresql.crt`, if it exists"),
          refused(
              "sslcertmode",
              "PGSSLCERTMODE",
              "pghello sends the client certificate if the server requests one",
              "allow"),
          ignored("sslcompression", "PGSSLCOMPRESSION", "libpq ignores it, too"),
          refused("sslcrl", "PGSSLCRL", "pghello does not check revocation lists"),
          refused("sslcrldir", "PGSSLCRLDIR", "pghello does not check revocation lists"),
          used(
              "sslkey",
              "PGSSLKEY",
              "the key of the client certificate, not encrypted; the default is"
                  + " `~/.postgresql/postgresql.key`"),
          refused("sslkeylogfile", null, "pghello does not log TLS keys"),
          used(
              "sslmode",
              "PGSSLMODE",
              "the default is `prefer`; all modes except `disable` verify the server if the file"
                  + " `sslrootcert` exists; `prefer` and `allow` connect without TLS in the same"
                  + " cases as psql"),
          refused(
              "sslnegotiation",
              "PGSSLNEGOTIATION",
              "pghello does not support direct TLS negotiation",
              "postgres"),
          refused("sslpassword", null, "pghello cannot pass it to programs such as pg_dump"),
          used(
              "sslrootcert",
              "PGSSLROOTCERT",
              "the certificates of authorities; the default is `~/.postgresql/root.crt`; `system`"
                  + " is `SSL_CERT_FILE` or this machine's bundle of certificates"),
          refused(
              "sslsni",
              "PGSSLSNI",
              "pghello always sends the name of the host if it contains a dot",
              "1"),
          used(
              "target_session_attrs",
              "PGTARGETSESSIONATTRS",
              "selects one of several hosts; the default is `any`"),
          ignored("tcp_user_timeout", null, "`--timeout` sets the timeout"),
          used("user", "PGUSER", "`-U`; the default is the user of the operating system"),
          ignored(null, "PGDATESTYLE", "pghello does not depend on this setting"),
          ignored(null, "PGGEQO", "pghello does not depend on this setting"),
          ignored(null, "PGLOCALEDIR", "the messages of pghello are in English"),
          ignored(null, "PGOAUTHDEBUG", "pghello does not support OAuth"),
          used(null, "PGREQUIRESSL", "`1` has the same effect as `PGSSLMODE=require`"),
          used(null, "PGSERVICEFILE", "the default is `~/.pg_service.conf`"),
          used(
              null,
              "PGSYSCONFDIR",
              "the directory of the system's `pg_service.conf`; the default is"
                  + " `/etc/postgresql-common`"),
          ignored(null, "PGTZ", "pghello does not depend on this setting"));

  private static final Map<String, Parameter> BY_KEYWORD = byKeyword();

  private static Map<String, Parameter> byKeyword() {
    var parameters = new HashMap<String, Parameter>();
    for (Parameter each : ALL) {
      if (each.keyword != null) {
        parameters.put(each.keyword, each);
      }
    }
    return parameters;
  }

  private static Parameter used(
      @Nullable String keyword, @Nullable String variable, String meaning) {
    return new Parameter(keyword, variable, Use.USED, meaning, Set.of());
  }

  private static Parameter ignored(
      @Nullable String keyword, @Nullable String variable, String reason) {
    return new Parameter(keyword, variable, Use.IGNORED, reason, Set.of());
  }

  /** Like libpq, treats an empty value as no value, unless harmless values are listed. */
  private static Parameter refused(
      String keyword, @Nullable String variable, String reason, String... harmless) {
    return new Parameter(
        keyword,
        variable,
        Use.REFUSED,
        reason,
        harmless.length == 0 ? Set.of("") : Set.of(harmless));
  }

  /** Returns whether libpq has a parameter with this keyword. */
  static boolean exists(String keyword) {
    return BY_KEYWORD.containsKey(keyword);
  }

  /** Returns the parameter with this keyword, which must exist. */
  static Parameter of(String keyword) {
    return Objects.requireNonNull(BY_KEYWORD.get(keyword), keyword);
  }

  /**
   * Checks that the parameter has no value that would have an effect.
   *
   * @param value the value; null if the parameter is not set
   * @throws IllegalArgumentException if this parameter is refused
   */
  void reject(@Nullable String value) {
    if (use == Use.REFUSED && value != null && !harmless.contains(value)) {
      throw new IllegalArgumentException(
          "%s is %s, but %s: omit it"
              .formatted(keyword, SECRET.contains(keyword) ? "set" : "\"" + value + "\"", note));
    }
  }

  /** Returns the keyword that a misspelt keyword most likely stands for. */
  static String nearest(String misspelt) {
    if (misspelt.startsWith("database")) {
      return "dbname";
    }
    return BY_KEYWORD.keySet().stream()
        .min(
            Comparator.comparing((String each) -> !misspelt.startsWith(each))
                .thenComparingInt(each -> distance(each, misspelt))
                .thenComparing(Comparator.naturalOrder()))
        .orElseThrow();
  }

  /**
   * Returns how many characters must be inserted, deleted or replaced to change one text to the
   * other.
   */
  private static int distance(String one, String other) {
    int[] row = new int[other.length() + 1];
    for (int j = 0; j <= other.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= one.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= other.length(); j++) {
        int replaced = diagonal + (one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[other.length()];
  }
}
