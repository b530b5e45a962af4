// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.ExtensionFunction;
import io.pghello.extension.batching.ArgumentChecks;
import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.ServerFunction;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A request for tests: a name that a function greets. */
public record NameRequest(String name, int bytes) implements Request {
  public static final ServerFunction FUNCTION = new Greet();

  /** The functions of a client that checks names before it sends them. */
  public static final ServerFunctions FUNCTIONS =
      new ServerFunctions(
          ExtensionDescription.builder("acme").function("acme_greet(text)", "text").build(),
          List.of(FUNCTION),
          new Checks());

  /** Returns settings for statements. */
  public static Settings.Statements settings(@Nullable String schema, Duration timeout) {
    return new Settings.Statements(schema, false, timeout, true, Settings.NO_LISTENER);
  }

  public static NameRequest of(String name) {
    return new NameRequest(name, name.getBytes(UTF_8).length);
  }

  @Override
  public ServerFunction function() {
    return FUNCTION;
  }

  private record Greet(ExtensionFunction description) implements ServerFunction {
    Greet() {
      this(ExtensionFunction.of("acme_greet(text)", "text"));
    }

    @Override
    public boolean repeatsArguments() {
      return true;
    }

    @Override
    public String expressionIn(String schema) {
      return schema + ".acme_greet(?)";
    }
  }

  private static final class Checks implements ArgumentChecks<NameRequest> {
    @Override
    public @Nullable CallProblem problem(String sqlState, @Nullable String serverEncoding) {
      return sqlState.equals("22P05")
          ? new CallProblem(Code.INVALID_ARGUMENT, "The name cannot be stored.", "Change it.")
          : null;
    }

    @Override
    public String remedyBehindSqlParser() {
      return "use single calls.";
    }
  }
}
