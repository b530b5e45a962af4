// SPDX-License-Identifier: MIT
package io.pghello.extension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Names are inserted into SQL unchanged, so only names that need no quoting are accepted. */
class ExtensionDescriptionTest {
  @Test
  void parsesSqlSignatures() {
    ExtensionFunction function =
        ExtensionFunction.of(" f ( Double  Precision,text[] , vector)", "Timestamp With Time Zone");
    assertThat(function.signature()).isEqualTo("f(double precision,text[],vector)");
    assertThat(function.resultType()).isEqualTo("timestamp with time zone");
    assertThat(function.catalogKey()).isEqualTo(List.of("f", "float8", "text[]", "vector"));
    assertThat(ExtensionFunction.of("f()", "int[]").argumentTypes()).isEmpty();
    assertThat(ExtensionFunction.catalogName("int[]")).isEqualTo("int4[]");
    assertThat(ExtensionFunction.catalogName("int4[]")).isEqualTo("int4[]");
    assertThat(ExtensionFunction.of("f(float, dec, char, double precision[])", "dec").catalogKey())
        .isEqualTo(List.of("f", "float8", "numeric", "bpchar", "float8[]"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "f",
        "f(",
        "F(text)",
        "f(text,)",
        "f(,)",
        "f(text) returns int",
        "s.f(text)",
        "f(s.text)",
        "f('text')",
        "f(text);g(text)",
        "f(text[][])",
        "f{(text)",
        "\"f\"(text)",
        // with the argument name, as in an extension's script
        "f(a text)",
        "f(variadic text[])",
        "f(a double precision)"
      })
  void rejectsInvalidSignatures(String signature) {
    assertThatThrownBy(() -> ExtensionFunction.of(signature, "text"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageMatching(
            "(?s)(The (name|signature) of a function|The type of an argument or result) is \".*\"; .*");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-x", "a b", "it's", "a\\", "{extension}", "a\0b", "x;y", "\"x\""})
  void rejectsInvalidNames(String name) {
    assertThatThrownBy(() -> ExtensionDescription.builder(name))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("it must be letters, digits, _ and -");
    assertThatThrownBy(
            () -> ExtensionDescription.builder("x").library(name.isEmpty() ? "" : "'" + name))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("it must be a path such as $libdir/x");
  }

  @Test
  void quotesNamesThatNeedIt() {
    assertThat(ExtensionDescription.builder("uuid-ossp").build().quotedName())
        .isEqualTo("\"uuid-ossp\"");
    assertThat(ExtensionDescription.builder("hstore").build().quotedName()).isEqualTo("hstore");
    assertThat(ExtensionDescription.builder("hstore").build().library())
        .isEqualTo("$libdir/hstore");
  }

  @ParameterizedTest
  @CsvSource({
    "1.9, 1.10",
    "0.8.0, 0.10.0",
    "1.4, 1.4-1",
    "7.3, 7.3-2",
    "7.3-2, 7.3-10",
    "3.4.2dev, 3.4.2",
    "2.17.2-dev, 2.17.2",
    "1.0-rc1, 1.0",
    "9.6RC1, 9.6"
  })
  void comparesVersionsByTheirNumbers(String older, String newer) {
    assertThat(ExtensionDescription.compare(older, newer).orElseThrow()).isNegative();
    assertThat(ExtensionDescription.compare(newer, older).orElseThrow()).isPositive();
    assertThat(ExtensionDescription.compare(newer, newer)).contains(0);
  }

  @Test
  void doesNotCompareVersionsWithoutNumbers() {
    assertThat(ExtensionDescription.compare("unpackaged", "1.0")).isEmpty();
    assertThat(ExtensionDescription.compare("1.0", "unpackaged")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "v2", "unpackaged", " 1.0"})
  void rejectsVersionsThatCannotBeCompared(String version) {
    ExtensionFunction function = ExtensionFunction.of("f()", "text");
    assertThatThrownBy(() -> ExtensionDescription.builder("x").minimumVersion(version))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "The version of an extension is \"" + version + "\"; it must begin with a number.");
    assertThatThrownBy(() -> function.withSince(version))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /**
   * Threads outside an application, for example of the common pool, have another context class
   * loader.
   */
  @Test
  void findsDescriptionsWithAnyContextClassLoader() {
    Thread thread = Thread.currentThread();
    ClassLoader loader = thread.getContextClassLoader();
    try {
      for (ClassLoader each : Arrays.asList(loader, ClassLoader.getPlatformClassLoader(), null)) {
        thread.setContextClassLoader(each);
        assertThat(ExtensionDescription.lookup("acme_geo").functions()).hasSize(1);
        assertThat(ExtensionDescription.lookup("other").functions()).isEmpty();
      }
    } finally {
      thread.setContextClassLoader(loader);
    }
  }

  /** A provider that is listed in {@code META-INF/services}. */
  public static final class AcmeProvider implements ExtensionProvider {
    @Override
    public ExtensionDescription extension() {
      return ExtensionDescription.builder("acme_geo").function("acme_distance()", "real").build();
    }
  }

  @Test
  void copiesTheBuildersValues() {
    ExtensionDescription.Builder builder = ExtensionDescription.builder("x");
    ExtensionDescription empty = builder.build();
    builder.function("f()", "text");
    assertThat(empty.functions()).isEmpty();
    assertThat(builder.build().functions()).hasSize(1);
  }
}
