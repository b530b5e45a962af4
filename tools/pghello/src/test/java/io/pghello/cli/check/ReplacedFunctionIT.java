// SPDX-License-Identifier: MIT
package io.pghello.cli.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.cli.Run;
import io.pghello.cli.connect.ExtensionFunctions.Own;
import io.pghello.cli.output.Findings;
import io.pghello.cli.output.Status;
import io.pghello.extension.testkit.Superuser;
import io.pghello.testkit.PgHelloTest;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The owner replaces a function between its check and its call. */
@PgHelloTest(create = false)
class ReplacedFunctionIT {
  private static final String CREATE = "CREATE EXTENSION pg_hello";
  private static final String DROP = "DROP EXTENSION pg_hello";

  @Test
  void doesNotCallReplacedFunction(Connection owner, @Superuser Connection admin)
      throws SQLException {
    Run.execute(owner, "CREATE SEQUENCE public.calls");
    Run.execute(admin, "SET search_path = pg_catalog, pg_temp");
    for (String function : Health.CALLS_BY_FUNCTION.keySet()) {
      Run.execute(owner, CREATE);
      String other = otherThan(owner, function);
      var findings = new Findings();
      String call = Health.CALLS_BY_FUNCTION.get(function).formatted("public");
      new Health(findings).checkInstallation(interrupted(admin, call, owner, DROP, other));
      assertThat(findings.texts(Status.CRITICAL))
          .contains(function + " was replaced during the check, or returns NULL");
      assertThat(wasCalled(owner)).as(function).isEqualTo("f");
      Run.execute(owner, "DROP FUNCTION public." + function);
    }

    Run.execute(owner, CREATE);
    var health = new Health(new Findings());
    health.checkInstallation(admin);
    Own own = Objects.requireNonNull(health.answering("pg_hello(text)"));
    Run.execute(owner, DROP, otherThan("pg_hello(text)", "text"));
    try (Statement statement = admin.createStatement()) {
      new Diagnosis(new Findings()).checkMemory(statement, own, true);
    }
    assertThat(wasCalled(owner)).isEqualTo("f");
    Run.execute(admin, "SELECT public.pg_hello('pghello'::text)");
    assertThat(wasCalled(owner)).as("a call is detected").isEqualTo("t");
  }

  private static String wasCalled(Connection owner) throws SQLException {
    return Run.value(owner, "SELECT is_called FROM public.calls");
  }

  private static String otherThan(Connection owner, String function) throws SQLException {
    return otherThan(
        function,
        Run.value(
            owner,
            "SELECT prorettype::regtype FROM pg_proc WHERE oid = 'public.%s'::regprocedure"
                .formatted(function)));
  }

  /**
   * Returns a statement that creates another function with the same name. The planner may evaluate
   * this function.
   */
  private static String otherThan(String function, String type) {
    return "CREATE FUNCTION public.%s RETURNS %s LANGUAGE plpgsql IMMUTABLE AS $$BEGIN PERFORM pg_catalog.nextval('public.calls'); RETURN NULL; END$$"
        .formatted(function, type);
  }

  /**
   * Returns a connection that delegates to {@code real}. Just before it runs an SQL statement that
   * contains the text, {@code other} runs the given statements.
   */
  private static Connection interrupted(
      Connection real, String text, Connection other, String... statements) {
    return (Connection)
        proxy(
            Connection.class,
            (proxy, method, arguments) -> {
              Object result = invoke(method, real, arguments);
              return result instanceof Statement statement
                  ? proxy(
                      Statement.class,
                      (inner, call, values) -> {
                        if (values != null && String.valueOf(values[0]).contains(text)) {
                          Run.execute(other, statements);
                        }
                        return invoke(call, statement, values);
                      })
                  : result;
            });
  }

  private static Object proxy(Class<?> type, InvocationHandler handler) {
    return Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler);
  }

  private static @Nullable Object invoke(Method method, Object on, @Nullable Object[] arguments)
      throws Throwable {
    try {
      return method.invoke(on, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }
}
