// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import io.pghello.extension.ArtifactVersions;
import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.batching.internal.ServerFunctions;
import io.pghello.extension.batching.internal.jdbc.ArrayStatements;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Defines a client of an extension that is built on a {@link BatchedFunction}. Write one static
 * method that returns the client's builder, so that users can set all options of {@link
 * ClientBuilder}.
 *
 * <pre>{@code
 * public static ClientBuilder<AcmeClient> builder() {
 *   return ClientDefinition.of(EXTENSION, DISTANCE_ALL, new Distances())
 *       .single(new Distances())
 *       .functions(List.of(DISTANCE, VERSION))
 *       .builder("acme", AcmeClient::new);
 * }
 * }</pre>
 *
 * <p>All methods except {@link #builder} return this definition. Not thread-safe.
 *
 * @param <Q> the arguments of a call
 * @param <A> the answer to a call
 */
public final class ClientDefinition<Q, A> {
  private final ExtensionDescription extension;
  private final ServerFunction function;
  private final BatchMapper<Q, A> mapper;
  private final Set<ServerFunction> functions = new LinkedHashSet<>();
  private @Nullable SingleMapper<Q, A> single;
  private @Nullable ArgumentChecks<Q> checks;

  private ClientDefinition(
      ExtensionDescription extension, ServerFunction function, BatchMapper<Q, A> mapper) {
    this.extension = Objects.requireNonNull(extension, "extension");
    this.function = Objects.requireNonNull(function, "function");
    this.mapper = Objects.requireNonNull(mapper, "mapper");
    functions.add(function);
  }

  /**
   * Returns the definition of a client that batches calls to one function.
   *
   * @param extension the description of the extension, with its functions
   * @param function the function, which accepts arrays and returns an array
   * @param mapper the mapper that binds the arguments and reads the answers
   * @throws IllegalStateException if {@code pg-extension-binding} has another version
   */
  public static <Q, A> ClientDefinition<Q, A> of(
      ExtensionDescription extension, ServerFunction function, BatchMapper<Q, A> mapper) {
    ArtifactVersions.requireSame(ClientDefinition.class, ExtensionDescription.class);
    return new ClientDefinition<>(extension, function, mapper);
  }

  /**
   * Adds functions of the extension that the client calls in addition to the batched function: the
   * functions of {@link #single}, and of {@link FunctionOperations#run}.
   */
  public ClientDefinition<Q, A> functions(Collection<? extends ServerFunction> functions) {
    this.functions.addAll(functions);
    return this;
  }

  /** Sets a mapper for requests that are sent in their own statement. */
  public ClientDefinition<Q, A> single(SingleMapper<Q, A> single) {
    this.single = Objects.requireNonNull(single, "single");
    return this;
  }

  /**
   * Sets checks of the arguments. With checks, errors never contain an argument, and the error of a
   * call with many requests contains the index of the failed request. Default: no checks.
   */
  public ClientDefinition<Q, A> checks(ArgumentChecks<Q> checks) {
    this.checks = Objects.requireNonNull(checks, "checks");
    return this;
  }

  /**
   * Returns a builder for the client. Later changes to this definition do not affect the builder.
   *
   * @param name the name of the client, for the pool of {@link ClientBuilder#url}, the {@link
   *     ClientBuilder#applicationName} and the threads
   * @param client creates the client, which makes its calls with the given function, and closes the
   *     function when it is closed
   */
  public <C> ClientBuilder<C> builder(String name, Function<BatchedFunction<Q, A>, C> client) {
    Objects.requireNonNull(client, "client");
    SingleMapper<Q, A> single = this.single;
    ArgumentChecks<Q> checks = this.checks;
    return BatchedFunction.clientBuilder(
        name,
        new ServerFunctions(extension, List.copyOf(functions), checks),
        executor -> new ArrayStatements<>(mapper, function, single, checks, executor),
        client);
  }
}
