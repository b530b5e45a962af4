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
 * jOOQ's generator for Java, which also writes into the Javadoc of a function or procedure what
 * {@code COMMENT ON} says about just this one of its overloads. To be named in the configuration of
 * the code generator, under {@code <generator><name>}.
 *
 * <p>Where the database's property {@link #EXTENSIONS} names extensions, their functions in the
 * input schemas are included, beside what {@code <includes>} says, unless there is an {@code
 * <includeSql>}.
 *
 * <p>jOOQ by itself leaves such comments out, or gives one overload's to all. Comments of other
 * objects are as jOOQ has them, and {@code commentsOnRoutines} switches these off as well. It takes
 * one more query, on PostgreSQL only.
 *
 * <p>Not thread-safe, as no generator is.
 */
public class PgHelloGenerator extends JavaGenerator {
  /**
   * The property under {@code <database><properties>} that names extensions of any kind, separated
   * by commas, as in {@code cube,acme_geo}. {@link PgHelloGeneratorStrategy} names their functions
   * as it names those of {@code pg_hello}.
   */
  public static final String EXTENSIONS = "pg-extension";

  /**
   * The names of the functions that belong to the extension {@code pg_hello}, wherever it is: for
   * {@code <includeSql>} in the configuration of the code generator. Functions of other extensions
   * in the same schema are not among them.
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

  /** Creates it; jOOQ does this. */
  public PgHelloGenerator() {}

  /**
   * Returns the extensions that {@link #EXTENSIONS} names, whose names need no quoting.
   *
   * @throws IllegalArgumentException if one is no name of an extension
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
                  + " names extension \""
                  + name
                  + "\"; it must be letters, digits, _ and -.");
        }
        extensions.add(name.strip());
      }
    }
    return extensions;
  }

  /** Returns what an extension's name is compared with to be one of these. */
  static String anyOf(Set<String> extensions) {
    return "ANY ('{" + String.join(",", extensions) + "}')";
  }

  /** Generates everything, with the comments of the database that is given. */
  @Override
  public void generate(Database database) {
    comments = null;
    printed.clear();
    Set<String> extensions = extensions(database);
    if (!extensions.isEmpty() && StringUtils.isBlank(database.getIncludeSql())) {
      database.setIncludeSql(INCLUDE_SQL.replace("'pg_hello'", anyOf(extensions)));
    }
    super.generate(database);
  }

  /** Generates tables, those of overloaded functions with their own columns. */
  @Override
  protected void generateTables(SchemaDefinition schema) {
    ownColumns(schema);
    super.generateTables(schema);
  }

  /** Generates interfaces, those of overloaded functions with their own columns. */
  @Override
  protected void generateInterfaces(SchemaDefinition schema) {
    ownColumns(schema);
    super.generateInterfaces(schema);
  }

  /** Generates POJOs, those of overloaded functions with their own columns. */
  @Override
  protected void generatePojos(SchemaDefinition schema) {
    ownColumns(schema);
    super.generatePojos(schema);
  }

  /** jOOQ says of the columns of all overloads that they belong to the first one. */
  @SuppressWarnings("ReferenceEquality") // overloads are equal to one another
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

  /** Writes the methods of a routine, and remembers that it did. */
  @Override
  protected void printRoutine(JavaWriter out, RoutineDefinition routine) {
    printed.add(RoutineKey.of(routine));
    super.printRoutine(out, routine);
  }

  /**
   * Writes the methods that are missing: jOOQ 3.21 leaves out those of every routine that has the
   * name of a function that returns a table.
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

  /** Writes the comment, if there is one, after what jOOQ writes. */
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

  /** The comment of this very overload as Javadoc, with a space before it; empty if none. */
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

  /** Escapes a text, so that nothing in it is a tag, the end of the comment, or Java's escape. */
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
      // some of jOOQ's texts end with a full stop
      String end = string.endsWith(".") ? "%s" : ".%s";
      return super.javadocAndAnnotations(definition, string + end, more);
    }
  }
}
