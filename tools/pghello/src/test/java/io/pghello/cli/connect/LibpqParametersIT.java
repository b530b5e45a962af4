// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.cli.Run;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.Superuser;
import io.pghello.testkit.PgHelloTest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** {@link Parameter} lists the same parameters and variables as the libpq of the test's server. */
@PgHelloTest
class LibpqParametersIT {
  /** The version whose parameters {@link Parameter} lists. */
  private static final int MAJOR = 18;

  /** Variables that are only in some builds of libpq. */
  private static final Set<String> OPTIONAL = Set.of("PGLOCALEDIR", "PGOAUTHDEBUG");

  @Test
  void listsEveryParameter(ExtensionServer server, @Superuser Connection admin) throws Exception {
    // The receiver of replicated changes passes the parameters of a subscription to libpq.
    Run.execute(
        admin,
        """
        CREATE FUNCTION pg_temp.is_parameter(name text) RETURNS boolean LANGUAGE plpgsql AS $$
        BEGIN
          EXECUTE format(
            'CREATE SUBSCRIPTION s CONNECTION %L PUBLICATION p WITH (connect = false, slot_name = NONE)', name || '=1');
          RAISE 'accepted';
        EXCEPTION
          WHEN syntax_error THEN RETURN false;
          WHEN raise_exception THEN RETURN true;
        END $$""");
    Set<String> listed = names(Parameter::keyword);
    Set<String> accepted = accepted(admin, stringsOfLibpq(admin, "[a-z][a-z0-9_]{2,40}"));
    // An old name of sslmode, which libpq does not accept in a service.
    accepted.remove("requiressl");
    assertThat(accepted).contains("host", "sslmode", "target_session_attrs");
    assertThat(listed).containsAll(accepted);
    if (server.major() >= MAJOR) {
      assertThat(accepted(admin, listed)).isEqualTo(listed);
    }
  }

  @Test
  void listsEveryVariable(ExtensionServer server, @Superuser Connection admin) throws Exception {
    Set<String> listed = names(Parameter::variable);
    Set<String> ofLibpq = stringsOfLibpq(admin, "PG[A-Z_]{2,40}");
    ofLibpq.removeIf(name -> name.startsWith("PGRES_"));
    assertThat(ofLibpq).contains("PGHOST", "PGSYSCONFDIR");
    assertThat(listed).containsAll(ofLibpq);
    if (server.major() >= MAJOR) {
      ofLibpq.addAll(OPTIONAL);
      assertThat(ofLibpq).isEqualTo(listed);
    }
  }

  private static Set<String> names(Function<Parameter, @Nullable String> name) {
    var names = new TreeSet<String>();
    Parameter.ALL.stream().map(name).filter(Objects::nonNull).forEach(names::add);
    return names;
  }

  private static Set<String> accepted(Connection admin, Set<String> names) throws SQLException {
    return new TreeSet<>(
        Query.values(
            admin,
            "SELECT name FROM string_to_table(?, ' ') AS names (name) WHERE pg_temp.is_parameter(name)",
            String.join(" ", names)));
  }

  /** Returns all texts in the library of libpq that match a regular expression. */
  private static Set<String> stringsOfLibpq(Connection admin, String regex)
      throws IOException, SQLException {
    Path folder =
        Path.of(
            Objects.requireNonNull(
                Query.value(admin, "SELECT setting FROM pg_config WHERE name = 'LIBDIR'")));
    List<Path> libraries;
    try (Stream<Path> files = Files.list(folder)) {
      libraries =
          files
              .filter(file -> file.getFileName().toString().matches("libpq\\.(so\\.5|5\\.dylib)"))
              .toList();
    }
    assertThat(libraries).as("libpq in %s", folder).hasSize(1);
    String bytes = Files.readString(libraries.get(0), StandardCharsets.ISO_8859_1);
    var strings = new TreeSet<String>();
    // Also finds texts at the end of other texts, because linkers merge them.
    Pattern.compile("(?=(" + regex + ")\0)")
        .matcher(bytes)
        .results()
        .map(found -> found.group(1))
        .forEach(strings::add);
    return strings;
  }
}
