// SPDX-License-Identifier: MIT
package io.pghello.examples.quarkus;

import io.pghello.PgHelloClient;
import io.pghello.extension.batching.FunctionCallException;
import io.smallrye.mutiny.Uni;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Response;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/** Greets over HTTP. Concurrent requests share statements. */
// region resource
@Path("/greetings")
public class GreetingResource {
  private final PgHelloClient client;

  GreetingResource(PgHelloClient client) {
    this.client = client;
  }

  @GET
  @Path("{name}")
  public Uni<String> greet(String name) {
    return Uni.createFrom().completionStage(() -> client.helloAsync(name));
  }

  @ServerExceptionMapper
  public Response failed(FunctionCallException e) {
    boolean callers = e.code() == FunctionCallException.Code.INVALID_ARGUMENT;
    return Response.status(callers ? 400 : 503).entity(e.code().name()).build();
  }
}
// endregion
