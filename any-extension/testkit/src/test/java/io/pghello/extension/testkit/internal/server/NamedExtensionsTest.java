// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Annotations that share a server. */
class NamedExtensionsTest {
  private static final String[] NONE = {};

  private static NamedExtensions extensions(String... names) {
    return new NamedExtensions(names, NONE, NONE, true, "");
  }

  private static NamedExtensions settings(String... settings) {
    return new NamedExtensions(NONE, NONE, settings, true, "");
  }

  private static void share(NamedExtensions one, NamedExtensions other) {
    assertThat(one).isEqualTo(other).hasSameHashCodeAs(other);
  }

  @Test
  void ignoresOrderAndDuplicates() {
    share(extensions("hstore", "pg_trgm"), extensions("pg_trgm", "hstore", "pg_trgm"));
    share(settings("a.b = 1", "work_mem = 8MB"), settings("work_mem=8MB", "a.b=1"));
    share(
        new NamedExtensions(NONE, new String[] {"src/test/installed", "target"}, NONE, true, ""),
        new NamedExtensions(
            NONE, new String[] {"./target", "src/test/../test/installed"}, NONE, true, ""));
    assertThat(extensions("hstore")).isNotEqualTo(extensions("pg_trgm"));
  }

  /** The template of a server's databases contains the extensions. */
  @Test
  void distinguishesWhetherAndWhereExtensionsAreCreated() {
    String[] names = {"hstore"};
    assertThat(new NamedExtensions(names, NONE, NONE, false, "")).isNotEqualTo(extensions(names));
    assertThat(new NamedExtensions(names, NONE, NONE, true, "s")).isNotEqualTo(extensions(names));
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      delimiter = '|',
      value = {
        "Work_Mem = 8MB | work_mem=8MB",
        "work_mem = '8MB' | work_mem = 8MB",
        "work_mem = 8MB | work_mem = 8192kB",
        "work_mem = 8MB | work_mem = 8 MB",
        "statement_timeout = 1min | statement_timeout = 60s",
        "statement_timeout = 1s | statement_timeout = 1000ms",
        "fsync = on | fsync = TRUE",
        "fsync = no | fsync = off",
        "shared_preload_libraries = a, b | shared_preload_libraries = a,b",
        "acme.unit = 'it''s' | ACME.unit = it's"
      })
  void comparesSettingsByTheirValues(String one, String other) {
    share(settings(one), settings(other));
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      delimiter = '|',
      value = {
        "work_mem = 8MB | work_mem = 8GB",
        // without a unit, the value is in the setting's own unit
        "work_mem = 8192 | work_mem = 8192kB",
        "statement_timeout = 1min | statement_timeout = 1ms",
        "fsync = on | fsync = off",
        "shared_preload_libraries = a, b | shared_preload_libraries = b, a",
        // the extension determines the type of its settings
        "acme.unit = on | acme.unit = true",
        "acme.unit = 64MB | acme.unit = 65536kB",
        "application_name = A | application_name = a"
      })
  void distinguishesDifferentSettings(String one, String other) {
    assertThat(settings(one)).isNotEqualTo(settings(other));
  }

  /**
   * The server receives the value as it was written, because SHOW returns some values unchanged.
   */
  @Test
  void passesValuesUnchangedExceptForQuotes() {
    assertThat(
            settings("Work_Mem = '8192kB'", "search_path = \"$user\", public", "a.b='x'", "c=''")
                .needs()
                .settings())
        .isEqualTo(
            Map.of("work_mem", "8192kB", "search_path", "\"$user\", public", "a.b", "x", "c", ""));
  }
}
