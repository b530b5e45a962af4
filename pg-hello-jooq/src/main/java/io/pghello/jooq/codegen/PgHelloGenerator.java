// SPDX-License-Identifier: MIT
package io.pghello.jooq.codegen;

import java.io.File;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jooq.codegen.GeneratorStrategy.Mode;
import org.jooq.codegen.JavaGenerator;
import org.jooq.codegen.JavaWriter;
import org.jooq.meta.ColumnDefinition;
import org.jooq.meta.Database;
import org.jooq.meta.DefaultColumnDefinition;
import org.jooq.meta.Definition;
import org.jooq.meta.RoutineDefinition;
import org.jooq.meta.SchemaDefinition;
import org.jooq.meta.TableDefinition;
import org.jooq.meta.jaxb.GeneratedSerialVersionUID;
import org.jooq.tools.StringUtils;
import org.jspecify.annotations.Nullable;

/**
 * Generates jOOQ code with the database comment ({@code COMMENT ON}) of each function and procedure
 * overload in the Javadoc. Specify this class in the configuration of jOOQ's code generator, under
 * {@code <generator><name>}.
 *
 * <p>The database property {@link #EXTENSIONS} lists extensions. Their functions in the input
 * schemas are generated even if {@code <includes>} does not match them, unless there is an {@code
 * <includeSql>}.
 *
 * <p>jOOQ's own generator omits comments on functions and procedures, or uses the comment of one
 * overload for all overloads. Comments on other objects are not changed. The setting {@code
 * commentsOnRoutines} disables the comments on functions and procedures, as usual.
 *
 * <p>The generator sends one additional query, on PostgreSQL only, and one if {@link #EXTENSIONS}
 * is set. Not thread-safe, like every generator.
 */
public class PgHelloGenerator extends JavaGenerator {
  /**
   * The name of the property under {@code <database><properties>} that contains a comma-separated
   * list of extensions, for example {@code cube,acme_geo}. {@link PgHelloGeneratorStrategy} names
   * their functions by the same rules as the functions of {@code pg_hello}.
   */
  public static final String EXTENSIONS = "pg-extension";

  /**
   * A query for the functions of the extension {@code pg_hello} in any schema, to be used as {@code
   * <includeSql>} in the configuration of the code generator. It does not return functions of other
   * extensions in the same schema.
   */
  public static final String INCLUDE_SQL =
      """
      SELECT DISTINCT pg_catalog.concat(n.nspname, '.', p.proname)
      FROM pg_catalog.pg_extension e
      JOIN pg_catalog.pg_depend d
        ON d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass
        AND d.refobjid OPERATOR(pg_catalog.=) e.oid
        AND d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass
        AND d.deptype OPERATOR(pg_catalog.=) 'e'
      JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) d.objid
      JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace
      WHERE e.extname OPERATOR(pg_catalog.=) 'pg_hello'
      """;

  private static final Pattern EXTENSION = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_-]*");

  private final Set<RoutineKey> printed = new HashSet<>();
  private @Nullable Map<RoutineKey, String> comments;

  /** Called by jOOQ. */
  public PgHelloGenerator() {}

  /**
   * Returns the extensions in {@link #EXTENSIONS}. The names need no escaping in SQL literals.
   *
   * @throws IllegalArgumentException if a name is not a valid extension name
   */
  static Set<String> extensions(Database database) {
    Properties properties = database.getProperties();
    String names = properties == null ? null : properties.getProperty(EXTENSIONS);
    var extensions = new TreeSet<String>();
    if (names != null && !names.isBlank()) {
      for (String name : Arrays.asList(names.split(",", -1))) {
        if (!EXTENSION.matcher(name.strip()).matches()) {
          throw new IllegalArgumentException(
              "Property "
                  + EXTENSIONS
                  + " contains the name \""
                  + name
                  + "\"; the name of an extension must be letters, digits, _ and -.");
        }
        extensions.add(name.strip());
      }
    }
    return extensions;
  }

  /** Returns the right side of an SQL comparison that matches the names of these extensions. */
  static String anyOf(Set<String> extensions) {
    return "ANY ('{" + String.join(",", extensions) + "}')";
  }

  /**
   * Generates the code, with the comments of the given database. Includes the functions of the
   * extensions in {@link #EXTENSIONS} if no {@code <includeSql>} is set.
   *
   * @throws IllegalStateException if one of these extensions does not exist in the database
   */
  @Override
  public void generate(Database database) {
    comments = null;
    printed.clear();
    Set<String> extensions = extensions(database);
    requireCreated(database, extensions);
    if (!extensions.isEmpty() && StringUtils.isBlank(database.getIncludeSql())) {
      database.setIncludeSql(INCLUDE_SQL.replace("'pg_hello'", anyOf(extensions)));
    }
    super.generate(database);
  }

  /** Rejects extensions that do not exist in the database: none of their functions would match. */
  private static void requireCreated(Database database, Set<String> extensions) {
    var missing = new TreeSet<>(extensions);
    if (!missing.isEmpty()) {
      String existing = "SELECT extname::pg_catalog.text FROM pg_catalog.pg_extension";
      missing.removeAll(database.create().fetchValues(existing));
    }
    if (!missing.isEmpty()) {
      throw new IllegalStateException(
          "Property "
              + EXTENSIONS
              + " lists extensions that do not exist in this database: "
              + String.join(", ", missing)
              + ". Check the names, and run CREATE EXTENSION in this database.");
    }
  }

  /**
   * Generates tables. Ensures that each overload of a table-valued function has its own columns.
   */
  @Override
  protected void generateTables(SchemaDefinition schema) {
    ownColumns(schema);
    super.generateTables(schema);
  }

  /**
   * Generates interfaces. Ensures that each overload of a table-valued function has its own
   * columns.
   */
  @Override
  protected void generateInterfaces(SchemaDefinition schema) {
    ownColumns(schema);
    super.generateInterfaces(schema);
  }

  /** Generates POJOs. Ensures that each overload of a table-valued function has its own columns. */
  @Override
  protected void generatePojos(SchemaDefinition schema) {
    ownColumns(schema);
    super.generatePojos(schema);
  }

  /**
   * Reassigns columns to the overload that returns them, because jOOQ assigns the columns of all
   * overloads to the first overload.
   */
  @SuppressWarnings("ReferenceEquality") // all overloads are equal to each other
  private static void ownColumns(SchemaDefinition schema) {
    for (TableDefinition table : schema.getTables()) {
      table
          .getColumns()
          .replaceAll(column -> column.getContainer() == table ? column : copy(column, table));
    }
  }

  private static ColumnDefinition copy(ColumnDefinition column, TableDefinition table) {
    return new DefaultColumnDefinition(
        table,
        column.getName(),
        column.getPosition(),
        column.getDefinedType(),
        column.isIdentity(),
        column.isReadonly(),
        column.getComment());
  }

  /** Writes the methods of a routine, and records the routine as printed. */
  @Override
  protected void printRoutine(JavaWriter out, RoutineDefinition routine) {
    printed.add(RoutineKey.of(routine));
    super.printRoutine(out, routine);
  }

  /**
   * Writes the missing methods, because jOOQ 3.21 omits every routine that has the same name as a
   * table-valued function.
   */
  @Override
  protected void generateRoutinesClassFooter(SchemaDefinition schema, JavaWriter out) {
    for (TableDefinition table : schema.getTables()) {
      if (table.isTableValuedFunction()) {
        printed.add(RoutineKey.of(table));
      }
    }
    for (RoutineDefinition routine : schema.getDatabase().getRoutines(schema)) {
      if (!printed.contains(RoutineKey.of(routine))) {
        printRoutine(out, routine);
      }
    }
    super.generateRoutinesClassFooter(schema, out);
  }

  /** Appends the comment, if there is one, to jOOQ's Javadoc. */
  @Override
  protected void generateRoutineClassJavadoc(RoutineDefinition routine, JavaWriter out) {
    String routineName = escapeEntities(routine.getQualifiedOutputName());
    printClassJavadoc(
        out, routine, "The routine <code>" + routineName + "</code>." + sentence(routine));
  }

  /** Returns a writer that adds the comment to the Javadoc of methods. */
  @Override
  protected JavaWriter newJavaWriter(File file, @Nullable Mode mode) {
    JavaWriter plain = super.newJavaWriter(file, mode);
    var writer =
        new CommentWriter(
            plain.file(),
            generateFullyQualifiedTypes(),
            getTargetEncoding(),
            generateJavadoc(),
            generatedSerialVersionUID(),
            mode);
    writer.tabString(plain.tabString());
    writer.newlineString(plain.newlineString());
    writer.printMarginForBlockComment(plain.printMarginForBlockComment());
    return writer;
  }

  /** Returns this overload's comment as Javadoc, preceded by a space, or an empty string. */
  private String sentence(RoutineDefinition routine) {
    if (!generateCommentsOnRoutines()) {
      return "";
    }
    if (comments == null) {
      comments =
          RoutineKey.values(routine.getDatabase(), "pg_catalog.obj_description(p.oid, 'pg_proc')");
    }
    String comment = comments.get(RoutineKey.of(routine));
    return comment == null ? "" : " " + javadoc(comment);
  }

  /** Escapes tags, comment delimiters and Unicode escapes. */
  private String javadoc(String comment) {
    return escapeEntities(comment.strip())
        .replace("@", "&#64;")
        .replace("{", "&#123;")
        .replace("\\", "&#92;")
        .replace("*/", "*&#47;")
        .replace("/*", "&#47;*");
  }

  private final class CommentWriter extends JavaWriter {
    CommentWriter(
        File file,
        @Nullable String fullyQualifiedTypes,
        @Nullable String encoding,
        boolean javadoc,
        GeneratedSerialVersionUID serialVersionUid,
        @Nullable Mode mode) {
      super(file, fullyQualifiedTypes, encoding, javadoc, null, serialVersionUid, mode);
    }

    @Override
    public JavaWriter javadocAndAnnotations(
        Definition definition, String string, @Nullable Object... args) {
      if (!(definition instanceof RoutineDefinition routine)) {
        return super.javadocAndAnnotations(definition, string, args);
      }
      String sentence = sentence(routine);
      if (sentence.isEmpty()) {
        return super.javadocAndAnnotations(definition, string, args);
      }
      @Nullable Object[] more = Arrays.copyOf(args, args.length + 1);
      more[args.length] = sentence;
      // some of jOOQ's Javadoc comments already end with a full stop
      String end = string.endsWith(".") ? "%s" : ".%s";
      return super.javadocAndAnnotations(definition, string + end, more);
    }
  }
}
