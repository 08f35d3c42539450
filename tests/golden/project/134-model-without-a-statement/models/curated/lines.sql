/* firn
materialize: table
*/

-- later
