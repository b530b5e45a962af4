// SPDX-License-Identifier: MIT
package io.pghello.internal;

/** The extension's functions, as the client calls them. */
public enum Function {
  HELLO("pg_hello(text)", "pg_hello(?::pg_catalog.text)"),
  HELLO_REPEAT("pg_hello(text,integer)", "pg_hello(?::pg_catalog.text, ?)"),
  HELLO_ALL(
      "pg_hello_all(text[],integer[])", "pg_hello_all(?::pg_catalog.text[], ?::pg_catalog.int4[])"),
  NOW_MS("now_ms()", "now_ms()"),
  SPI_VERSION("spi_version()", "spi_version()");

  private final String signature;
  private final String expression;

  Function(String signature, String expression) {
    this.signature = signature;
    this.expression = expression;
  }

  /** Returns the name with the types of its arguments. */
  public String signature() {
    return signature;
  }

  /** Returns the statement that calls it, with its parameters. */
  public String in(String schema) {
    return "SELECT " + schema + "." + expression;
  }
}
