// SPDX-License-Identifier: MIT
package io.pghello.internal;

import java.lang.module.ModuleDescriptor.Version;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;

/** The extension's functions, as the client calls them. */
public enum Function {
  HELLO("1.0", "pg_hello(text)", "pg_hello 25", "pg_hello(?::pg_catalog.text)"),
  HELLO_REPEAT(
      "1.1", "pg_hello(text,integer)", "pg_hello 25 23", "pg_hello(?::pg_catalog.text, ?)"),
  HELLO_ALL(
      "1.1",
      "pg_hello_all(text[],integer[])",
      "pg_hello_all 1009 1007",
      "pg_hello_all(?::pg_catalog.text[], ?::pg_catalog.int4[])"),
  NOW_MS("1.0", "now_ms()", "now_ms ", "now_ms()"),
  SPI_VERSION("1.0", "spi_version()", "spi_version ", "spi_version()");

  /**
   * The version of the extension that the client needs. A database of a version before is a
   * problem; one that only lacks functions that came later is none until they are called.
   */
  public static final String REQUIRED_VERSION = "1.1";

  private static final Set<Function> REQUIRED = Collections.unmodifiableSet(of(REQUIRED_VERSION));

  /** The language that all of them are written in. */
  public static final String LANGUAGE = "c";

  /** The library that all of them are in. */
  public static final String LIBRARY = "$libdir/pg_hello";

  private final String since;
  private final String signature;
  private final String declaration;
  private final String expression;

  Function(String since, String signature, String declaration, String expression) {
    this.since = since;
    this.signature = signature;
    this.declaration = declaration;
    this.expression = expression;
  }

  /**
   * Returns the function that greets a name so many times.
   *
   * @param repeat {@link HelloRequest#AS_SET} for as many as the session's setting says
   */
  public static Function forRepeat(int repeat) {
    return repeat == HelloRequest.AS_SET ? HELLO : HELLO_REPEAT;
  }

  /** Returns the functions without which the extension is too old for the client. */
  public static Set<Function> required() {
    return REQUIRED;
  }

  /** Returns the functions that a version of the extension has. */
  public static Set<Function> of(String version) {
    Version latest = Version.parse(version);
    return Arrays.stream(values())
        .filter(function -> Version.parse(function.since).compareTo(latest) <= 0)
        .collect(Collectors.toCollection(() -> EnumSet.noneOf(Function.class)));
  }

  /** Returns the name with the types of its arguments. */
  public String signature() {
    return signature;
  }

  /** Returns the name, a blank, and the OIDs of the types of its arguments. */
  public String declaration() {
    return declaration;
  }

  /** Returns whether an answer repeats the arguments, so that it shows what it answers. */
  public boolean repeatsArguments() {
    return this == HELLO || this == HELLO_REPEAT || this == HELLO_ALL;
  }

  /**
   * Returns the statement that calls it, with its parameters. The value is in the last column of
   * the answer. The signature is in the one before if the value does not show what it answers: a
   * pooler may have the server run another statement.
   */
  public String callIn(String schema) {
    String question = repeatsArguments() ? "" : "'" + signature + "', ";
    return "SELECT " + question + schema + "." + expression;
  }
}
