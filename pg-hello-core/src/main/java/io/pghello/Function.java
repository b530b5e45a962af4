// SPDX-License-Identifier: MIT
package io.pghello;

import static io.pghello.extension.ExtensionFunction.Volatility.IMMUTABLE;
import static io.pghello.extension.ExtensionFunction.Volatility.STABLE;
import static io.pghello.extension.ExtensionFunction.Volatility.VOLATILE;

import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.ExtensionFunction;
import io.pghello.extension.batching.ServerFunction;

/** The functions of the extension that the client calls. */
enum Function implements ServerFunction {
  HELLO(
      function("1.0", "pg_hello(text)", "text").withVolatility(STABLE),
      "pg_hello(?::pg_catalog.text)"),
  HELLO_REPEAT(
      function("1.1", "pg_hello(text,integer)", "text").withVolatility(IMMUTABLE),
      "pg_hello(?::pg_catalog.text, ?)"),
  HELLO_ALL(
      function("1.1", "pg_hello_all(text[],integer[])", "text[]"),
      "pg_hello_all(?::pg_catalog.text[], ?::pg_catalog.int4[])"),
  NOW_MS(function("1.0", "now_ms()", "bigint").withVolatility(VOLATILE), "now_ms()"),
  SPI_VERSION(function("1.0", "spi_version()", "text"), "spi_version()");

  /**
   * The minimum version of the extension. An older version is reported as a problem. A function
   * that was added in a later version is required only when it is called.
   */
  static final String REQUIRED_VERSION = "1.1";

  /** Description of the extension with the required version. */
  static final ExtensionDescription EXTENSION = extension(REQUIRED_VERSION);

  @SuppressWarnings("ImmutableEnumChecker") // ExtensionFunction is a record of strings
  private final ExtensionFunction description;

  private final String expression;

  Function(ExtensionFunction description, String expression) {
    this.description = description;
    this.expression = expression;
  }

  private static ExtensionFunction function(String since, String signature, String resultType) {
    return ExtensionFunction.of(signature, resultType).withSince(since);
  }

  /**
   * Returns the description of the extension for a client that requires the given version or later.
   */
  static ExtensionDescription extension(String requiredVersion) {
    ExtensionDescription.Builder extension =
        ExtensionDescription.builder("pg_hello")
            .minimumVersion(requiredVersion)
            .howToInstall(
                "Install them there: sudo java -jar pg-hello-extension-*.jar install, or make"
                    + " install in the directory extension/. For tests, pg-hello-testkit provides a"
                    + " server that has them.");
    for (Function function : values()) {
      extension.function(function.description);
    }
    return extension.build();
  }

  @Override
  public ExtensionFunction description() {
    return description;
  }

  @Override
  public boolean repeatsArguments() {
    return this == HELLO || this == HELLO_REPEAT || this == HELLO_ALL;
  }

  @Override
  public String expressionIn(String schema) {
    return schema + "." + expression;
  }
}
