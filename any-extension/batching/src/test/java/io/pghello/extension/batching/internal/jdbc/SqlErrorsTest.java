// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.internal.NameRequest;
import io.pghello.extension.batching.internal.ServerFunctions;
import java.net.ConnectException;
import java.net.URL;
import java.net.URLClassLoader;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.util.PSQLException;
import org.postgresql.util.PSQLState;
import org.postgresql.util.ServerErrorMessage;

/** Tests the translation of errors that a real server cannot be made to report. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SqlErrorsTest {
  @Test
  void readsCausesThatGoInACircleOnce() {
    var first = new SQLException("first");
    var second = new SQLException("second", first);
    first.initCause(second);
    assertThat(SqlErrors.translate(first, Duration.ofSeconds(1), NameRequest.FUNCTIONS).code())
        .isEqualTo(Code.SERVER_ERROR);
    assertThat(ConnectionErrors.noConnection(first))
        .hasMessageContaining("database connection: second.")
        .hasCause(first);
  }

  @Test
  void namesTheDeepestReasonOfAPool() {
    var reason = new SQLException("password authentication failed.");
    assertThat(ConnectionErrors.noConnection(new SQLException("timed out", reason)))
        .hasMessageContaining("database connection: password authentication failed. Check");
    var foreign = new SQLException("timed out", new IllegalStateException("deeper"));
    assertThat(ConnectionErrors.noConnection(foreign))
        .hasMessageContaining("database connection: timed out. Check");
  }

  @Test
  void mentionsThePoolOnlyIfItMayBeTheReason() {
    var refused =
        new SQLException("Connection to localhost:1 refused", "08001", new ConnectException());
    assertThat(ConnectionErrors.noConnection(refused))
        .hasMessageEndingWith("refused. Check the URL, and that the server is running.");
    assertThat(ConnectionErrors.noConnection(new SQLException("timed out")))
        .hasMessageEndingWith("the size of the pool, and that the server is running.");
  }

  /** PgBouncer reports all of these errors with the SQLSTATE of a protocol violation. */
  @ParameterizedTest
  @CsvSource({
    "no such user, LOGIN_FAILED",
    "SASL authentication failed, LOGIN_FAILED",
    "password authentication failed, LOGIN_FAILED",
    "certificate authentication failed, LOGIN_FAILED",
    "permission denied for database app, LOGIN_FAILED",
    "no more connections allowed (max_client_conn), CONNECTION_UNAVAILABLE",
    "pgbouncer is shutting down, CONNECTION_UNAVAILABLE",
    "client_login_timeout (server down), CONNECTION_UNAVAILABLE"
  })
  void recognizesLoginsThatPgBouncerRejects(String words, Code code) {
    var error = new PSQLException(new ServerErrorMessage("SFATAL\0C08P01\0M" + words + "\0\0"));
    assertThat(ConnectionErrors.noConnection(error).code()).isEqualTo(code);
  }

  @Test
  void removesANullPluginFromTheMessage() {
    var error = new SQLException("no password was provided by plugin null", "08004");
    assertThat(ConnectionErrors.noConnection(error))
        .hasMessageStartingWith("The login was rejected: no password was provided. ");
  }

  @Test
  void keepsTheExceptionOfTheDriverOrPoolAsTheCause() {
    var driver = new SQLException("not supported");
    assertThat(SqlErrors.translate(driver, Duration.ofSeconds(1), NameRequest.FUNCTIONS))
        .hasMessageStartingWith("The driver reported an error. See the cause.")
        .hasCause(driver);
    // the context of a server error can contain the parameters
    var server = new PSQLException(new ServerErrorMessage("SERROR\0C57P01\0Mended\0Wsecret\0\0"));
    var wrapped = new SQLException("lost", "08006", server);
    assertThat(SqlErrors.translate(wrapped, Duration.ofSeconds(1), NameRequest.FUNCTIONS))
        .hasNoCause();
    var denied = new SQLException("denied", "42501", server);
    assertThat(SqlErrors.translate(denied, Duration.ofSeconds(1), NameRequest.FUNCTIONS))
        .hasMessageStartingWith("The server reported an error (42501): ended. See the error code")
        .hasNoCause();
    // the primary messages of data exceptions can contain the parameters, too
    var data = new PSQLException(new ServerErrorMessage("SERROR\0C22003\0Msecret\0\0"));
    assertThat(
            SqlErrors.translate(
                new SQLException("wrapped", "XX000", data),
                Duration.ofSeconds(1),
                NameRequest.FUNCTIONS))
        .hasMessageStartingWith("The server reported an error (XX000). See the error code")
        .hasMessageNotContaining("secret")
        .hasNoCause();
    var ours = new PSQLException("no such column", PSQLState.UNDEFINED_COLUMN);
    assertThat(SqlErrors.translate(ours, Duration.ofSeconds(1), NameRequest.FUNCTIONS))
        .hasMessageStartingWith("The driver reported an error (42703). See the cause.")
        .hasCause(ours);
    assertThat(SqlErrors.translate(server, Duration.ofSeconds(1), NameRequest.FUNCTIONS))
        .hasNoCause();
  }

  /**
   * The wrapper has class 22, but the message comes from the server's error, which does not quote
   * data.
   */
  @Test
  void outermostSqlStateDecidesIfTheServersMessageIsShown() {
    var server = new PSQLException(new ServerErrorMessage("SERROR\0C57000\0Mended\0\0"));
    assertThat(
            SqlErrors.translate(
                new SQLException("wrapped", "22000", server),
                Duration.ofSeconds(1),
                NameRequest.FUNCTIONS))
        .hasMessageStartingWith("The server reported an error (22000): ended. ");
  }

  /** Without argument checks, the program receives the server's error unchanged. */
  @ParameterizedTest
  @ValueSource(strings = {"22003", "23514", "XX000", "58P01", "26000", "02000", "0A000"})
  void keepsTheMessageOfTheApplicationsFunction(String state) {
    var acme = new ServerFunctions(ExtensionDescription.builder("acme").build(), List.of());
    for (String severity : List.of("ERROR", "FATAL")) {
      var error =
          new PSQLException(
              new ServerErrorMessage(
                  "S" + severity + "\0C" + state + "\0Mno midpoint of 1\0Racme_midpoint\0\0"));
      FunctionCallException told = SqlErrors.translate(error, Duration.ofSeconds(1), acme);
      assertThat(told)
          .hasMessageStartingWith("The server reported an error (" + state + "): no midpoint of 1.")
          .hasCause(error);
      assertThat(told.code()).isEqualTo(Code.SERVER_ERROR);
    }
  }

  /**
   * These errors come from functions of the server itself, which report a missing statement or
   * library.
   */
  @ParameterizedTest
  @CsvSource({
    "26000, FetchPreparedStatement, RESPONSE_MISMATCH",
    "42P05, StorePreparedStatement, RESPONSE_MISMATCH",
    "02000, exec_execute_message, RESPONSE_MISMATCH",
    "58P01, internal_load_library, FILES_MISSING"
  })
  void distinguishesErrorsOfTheServerFromErrorsInAFunction(
      String state, String routine, Code code) {
    var acme = new ServerFunctions(ExtensionDescription.builder("acme").build(), List.of());
    var error =
        new PSQLException(
            new ServerErrorMessage("SERROR\0C" + state + "\0Mmissing\0R" + routine + "\0\0"));
    assertThat(SqlErrors.translate(error, Duration.ofSeconds(1), acme).code()).isEqualTo(code);
  }

  /** If a function prepares statements, the server reports the same errors, but with a context. */
  @ParameterizedTest
  @CsvSource({"26000, FetchPreparedStatement", "42P05, StorePreparedStatement"})
  void knowsPreparedStatementsOfAFunction(String state, String routine) {
    var acme = new ServerFunctions(ExtensionDescription.builder("acme").build(), List.of());
    var error =
        new PSQLException(
            new ServerErrorMessage(
                "SERROR\0C" + state + "\0Mmissing\0WSQL statement\0R" + routine + "\0\0"));
    assertThat(SqlErrors.translate(error, Duration.ofSeconds(1), acme).code())
        .isEqualTo(Code.SERVER_ERROR);
  }

  /**
   * Either the called function is missing, or its library lacks it, or an inlined function failed.
   */
  @ParameterizedTest
  @CsvSource({
    "42883, P8, ParseFuncOrColumn, false",
    "3F000, P8, get_namespace_oid, false",
    "42883, , load_external_function, false",
    "42883, , regprocin, true",
    "3F000, , get_namespace_oid, true",
    "42501, , aclcheck_error, false"
  })
  void distinguishesErrorsOfTheCallFromErrorsInAnInlinedFunction(
      String state, String position, String routine, boolean raised) {
    var acme = new ServerFunctions(ExtensionDescription.builder("acme").build(), List.of());
    var error =
        new PSQLException(
            new ServerErrorMessage(
                "SERROR\0C%s\0Mmissing\0%sR%s\0\0"
                    .formatted(state, position == null ? "" : position + "\0", routine)));
    assertThat(SqlErrors.isRaisedInFunction(error, acme)).isEqualTo(raised);
    assertThat(SqlErrors.isRaisedInFunction(error, NameRequest.FUNCTIONS)).isFalse();
  }

  /** ShardingSphere's driver, for example, parses SQL itself. */
  @Test
  void reportsADriverThatParsesSql() {
    var parser = new SQLException("You have an error in your SQL syntax: ...", "42000");
    assertThat(SqlErrors.translate(parser, Duration.ofSeconds(1), NameRequest.FUNCTIONS))
        .hasMessageStartingWith(
            "A driver that replaces or wraps pgjdbc could not run the client's SQL"
                + " (SQLException). See the cause, or configure the client with a data source that"
                + " uses pgjdbc directly.")
        .hasCause(parser);
    var noArrays = new SQLFeatureNotSupportedException("createArrayOf");
    assertThat(SqlErrors.translate(noArrays, Duration.ofSeconds(1), NameRequest.FUNCTIONS))
        .hasMessageStartingWith(
            "A driver that replaces or wraps pgjdbc could not run the client's SQL"
                + " (SQLFeatureNotSupportedException). See the cause,")
        .hasCause(noArrays);
    var others = new ServerFunctions(ExtensionDescription.builder("acme").build(), List.of());
    assertThat(SqlErrors.translate(noArrays, Duration.ofSeconds(1), others))
        .hasMessageEndingWith(" functions with array parameters do not work.")
        .hasMessageNotContaining("batching");
    var server = new PSQLException(new ServerErrorMessage("SERROR\0C42P01\0Mno such table\0\0"));
    assertThat(SqlErrors.translate(server, Duration.ofSeconds(1), NameRequest.FUNCTIONS))
        .hasMessageStartingWith("The server reported an error (42P01): no such table.");
  }

  @ParameterizedTest
  @ValueSource(strings = {"58P01", "26000"})
  void namesTheExtensionThatIsCalled(String state) {
    var acme = new ServerFunctions(ExtensionDescription.builder("acme").build(), List.of());
    var server = new PSQLException(new ServerErrorMessage("SERROR\0C" + state + "\0Mx\0\0"));
    assertThat(SqlErrors.translate(server, Duration.ofSeconds(1), acme))
        .hasMessageContaining("acme");
  }

  /**
   * The errors contain the server's routine, because the server uses 08P01 and 0A000 for many other
   * errors.
   */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "SERROR\0C26000\0Mno statement\0RFetchPreparedStatement\0\0",
        "SERROR\0C42P05\0Mthere is one\0RStorePreparedStatement\0\0",
        "SERROR\0C02000\0Mit returns no rows\0Rexec_execute_message\0\0",
        "SERROR\0C08P01\0Mparameters\0Rexec_bind_message\0\0",
        "SERROR\0C08P01\0Mcolumns\0RPortalSetResultFormat\0\0",
        "SERROR\0C0A000\0Mcached plan\0RRevalidateCachedQuery\0\0",
        "SERROR\0C22P02\0Msecret\0Rpg_strtoint32\0\0",
        "SERROR\0C22P03\0Msecret\0Rexec_bind_message\0\0",
        "SERROR\0C22021\0Msecret\0Rreport_invalid_encoding\0\0"
      })
  void reportsAStatementThatAPoolerMixedUp(String reported) {
    var error = new PSQLException(new ServerErrorMessage(reported));
    assertThat(SqlErrors.translate(error, Duration.ofSeconds(1), NameRequest.FUNCTIONS))
        .hasMessageStartingWith("The server's prepared statements differ from the driver's (")
        .hasMessageContaining("prepareThreshold=0")
        .hasMessageNotContaining("secret")
        .extracting(FunctionCallException::code)
        .isEqualTo(Code.RESPONSE_MISMATCH);
  }

  @ParameterizedTest
  @CsvSource({
    "08P01, '', CONNECTION_LOST",
    "08P01, ProcessStartupPacket, CONNECTION_LOST",
    "25P03, ProcessInterrupts, CONNECTION_LOST",
    "25P04, ProcessInterrupts, CONNECTION_LOST",
    "0A000, transformSelectStmt, SERVER_ERROR",
    "22023, acme_greet, SERVER_ERROR"
  })
  void takesOtherErrorsOfTheseClassesAsTheyAre(String state, String routine, Code code) {
    String reported =
        "SERROR\0C" + state + "\0Mwords\0" + (routine.isEmpty() ? "" : "R" + routine + "\0");
    var error = new PSQLException(new ServerErrorMessage(reported + "\0"));
    assertThat(SqlErrors.translate(error, Duration.ofSeconds(1), NameRequest.FUNCTIONS).code())
        .isEqualTo(code);
  }

  @ParameterizedTest
  @CsvSource({
    "unable to read data from DB node 0, CONNECTION_LOST",
    "unable to parse the query, CONNECTION_LOST",
    "unable to allocate memory, SERVER_ERROR"
  })
  void knowsThatPgpoolHasLostItsSession(String words, Code code) {
    var error = new PSQLException(new ServerErrorMessage("SERROR\0CXX000\0M" + words + "\0\0"));
    assertThat(SqlErrors.translate(error, Duration.ofSeconds(1), NameRequest.FUNCTIONS).code())
        .isEqualTo(code);
  }

  /** The client interrupted the wait for a connection; the program did not interrupt the caller. */
  @Test
  void aRejectedLoginAtTheDeadlineIsNoInterrupt() {
    var refused = new SQLException("no such user", "28000");
    refused.initCause(new InterruptedException());
    assertThat(ConnectionErrors.noConnectionWithin(Duration.ofSeconds(1), refused).code())
        .isEqualTo(Code.LOGIN_FAILED);
    assertThat(Thread.interrupted()).isFalse();
  }

  /** In a server that runs several programs, another class loader may have loaded the driver. */
  @Test
  void readsServerErrorsOfADriverFromAnotherClassLoader() throws Exception {
    var acme = new ServerFunctions(ExtensionDescription.builder("acme").build(), List.of());
    URL driver = PSQLException.class.getProtectionDomain().getCodeSource().getLocation();
    try (var loader =
        new URLClassLoader(new URL[] {driver}, ClassLoader.getPlatformClassLoader())) {
      SQLException missing =
          foreign(loader, "SERROR\0C26000\0Mmissing\0RFetchPreparedStatement\0\0");
      // causes and stack traces of any class do not matter
      missing.initCause(new IllegalStateException(new Unserializable()));
      missing.setNextException(new SQLException(new Unserializable()));
      missing.addSuppressed(new Unserializable());
      assertThat((Throwable) missing).isNotInstanceOf(PSQLException.class);
      assertThat(SqlErrors.serverMessage(missing)).isEqualTo("missing");
      assertThat(SqlErrors.translate(missing, Duration.ofSeconds(1), acme).code())
          .isEqualTo(Code.RESPONSE_MISMATCH);

      SQLException raised =
          foreign(loader, "SERROR\0C26000\0Mmissing\0WSQL statement\0RFetchPreparedStatement\0\0");
      assertThat(SqlErrors.isRaisedInFunction(raised, acme)).isTrue();
      SQLException inlined = foreign(loader, "SERROR\0C42883\0Mmissing\0Rregprocin\0\0");
      assertThat(SqlErrors.isRaisedInFunction(inlined, acme)).isTrue();
      SQLException call = foreign(loader, "SERROR\0C42883\0Mmissing\0P8\0RParseFuncOrColumn\0\0");
      assertThat(SqlErrors.isRaisedInFunction(call, acme)).isFalse();
      assertThat(SqlErrors.translate(call, Duration.ofSeconds(1), NameRequest.FUNCTIONS))
          .hasNoCause();
    }
  }

  private static SQLException foreign(ClassLoader loader, String fields) throws Exception {
    Class<?> message = loader.loadClass(ServerErrorMessage.class.getName());
    return (SQLException)
        loader
            .loadClass(PSQLException.class.getName())
            .getConstructor(message)
            .newInstance(message.getConstructor(String.class).newInstance(fields));
  }

  private static final class Unserializable extends RuntimeException {
    private static final long serialVersionUID = 1;

    @SuppressWarnings({"serial", "unused"}) // not serializable, on purpose
    private final Object thread = Thread.currentThread();
  }
}
