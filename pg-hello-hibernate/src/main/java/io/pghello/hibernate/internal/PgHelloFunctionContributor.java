// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import static org.hibernate.query.sqm.produce.function.FunctionParameterType.INTEGER;
import static org.hibernate.query.sqm.produce.function.FunctionParameterType.STRING;

import org.hibernate.boot.model.FunctionContributions;
import org.hibernate.boot.model.FunctionContributor;
import org.hibernate.dialect.PostgreSQLDialect;
import org.hibernate.query.sqm.function.SqmFunctionRegistry;
import org.hibernate.type.BasicType;
import org.hibernate.type.BasicTypeRegistry;
import org.hibernate.type.StandardBasicTypes;

/**
 * Registers the extension's functions for HQL and Criteria, on PostgreSQL. Hibernate finds it by
 * {@code META-INF/services}.
 *
 * <p>The types of the parameters are declared. So a wrong argument fails when the query is parsed,
 * not in the transaction, and a null is sent with its type.
 */
public final class PgHelloFunctionContributor implements FunctionContributor {
  // Hibernate's own come from 0 on, libraries' from 500, and users' at 1000, which may replace
  // these.
  private static final int ORDINAL = 600;

  @Override
  public int ordinal() {
    return ORDINAL;
  }

  @Override
  public void contributeFunctions(FunctionContributions contributions) {
    if (!(contributions.getDialect() instanceof PostgreSQLDialect)) {
      return;
    }
    String schema = Schema.prefix(contributions.getServiceRegistry());
    BasicTypeRegistry types = contributions.getTypeConfiguration().getBasicTypeRegistry();
    BasicType<String> string = types.resolve(StandardBasicTypes.STRING);
    BasicType<Long> bigint = types.resolve(StandardBasicTypes.LONG);
    SqmFunctionRegistry functions = contributions.getFunctionRegistry();
    // the count may be of any integer type, for which there is no function
    functions.registerUnaryBinaryPattern(
        "pg_hello",
        string,
        schema + "pg_hello(?1)",
        schema + "pg_hello(?1,cast(?2 as integer))",
        STRING,
        INTEGER,
        contributions.getTypeConfiguration());
    functions
        .namedDescriptorBuilder("now_ms", schema + "now_ms")
        .setInvariantType(bigint)
        .setExactArgumentCount(0)
        .setUseParenthesesWhenNoArgs(true)
        .register();
    functions
        .namedDescriptorBuilder("spi_version", schema + "spi_version")
        .setInvariantType(string)
        .setExactArgumentCount(0)
        .setUseParenthesesWhenNoArgs(true)
        .register();
  }
}
